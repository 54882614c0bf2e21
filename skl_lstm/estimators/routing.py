"""Parameters beyond the signature, routed to Keras by prefix: ``model__units=64``."""

from __future__ import annotations

from typing import Any

ROUTED = ("model", "fit", "compile", "predict", "optimizer", "loss", "metrics", "callbacks")


class RoutedParameters:
    """Parameters beyond the signature, routed by prefix: ``model__units=64``.

    A mixin for `BaseEstimator`, which knows only what its signature lists. As scikit-learn
    demands, nothing is refused before `fit`.
    """

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Get the parameters, routed ones included.

        Parameters
        ----------
        deep : bool, default=True
            Also those of parameters that are estimators.

        Returns
        -------
        dict
            Parameter names and their values.
        """
        return super().get_params(deep=deep) | self._beyond_signature()  # type: ignore[misc]

    def set_params(self, **params: Any) -> Any:
        """Set parameters, routed ones included.

        Parameters
        ----------
        **params : dict
            Parameter names and values.

        Returns
        -------
        estimator
            This estimator.
        """
        known = self._beyond_signature()
        beyond = {n: params.pop(n) for n in list(params) if n in known or _is_routed(n)}
        super().set_params(**params)  # type: ignore[misc]
        self.__dict__.update(beyond)
        return self

    def _beyond_signature(self) -> dict[str, Any]:
        listed = self._get_param_names()  # type: ignore[attr-defined]
        return {
            name: value
            for name, value in vars(self).items()
            if name not in listed and name[0] != "_" and name[-1] != "_"
        }

    def _routed(self) -> dict[str, Any]:
        """Return the parameters beyond the signature, or refuse those without a prefix."""
        params = self._beyond_signature()
        for name in params:
            if not _is_routed(name):
                raise TypeError(
                    f"{type(self).__name__} got an unexpected parameter {name!r}. What the "
                    f"network takes is written model__{name}; the prefixes are: "
                    f"{', '.join(f'{prefix}__' for prefix in ROUTED)}."
                )
        return params


def _is_routed(name: str) -> bool:
    prefix, separator, _ = name.partition("__")
    return bool(separator) and prefix in ROUTED
