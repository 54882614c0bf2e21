"""`RoutedParameters`: parameters such as ``model__units=64``, routed to Keras by prefix."""

from __future__ import annotations

from typing import Any

from .._core.messages import did_you_mean

PREFIXES = ("model", "fit", "compile", "predict", "optimizer", "loss", "metrics", "callbacks")


class RoutedParameters:
    """Mixin for parameters that are not in the signature, such as ``model__units=64``.

    `BaseEstimator` supports only the parameters in the signature. scikit-learn requires that
    the constructor does not validate parameters, so `fit` raises for a parameter without a valid
    prefix.
    """

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Get the parameters, including routed ones.

        Parameters
        ----------
        deep : bool, default=True
            Also return the parameters of parameters that are estimators.

        Returns
        -------
        dict
            Parameter names and their values.
        """
        return super().get_params(deep=deep) | self._extra_params()  # type: ignore[misc]

    def set_params(self, **params: Any) -> Any:
        """Set parameters, including routed ones.

        Parameters
        ----------
        **params : dict
            Parameter names and values.

        Returns
        -------
        estimator
            This estimator.
        """
        existing = self._extra_params()
        extra = {
            name: params.pop(name)
            for name in list(params)
            if name in existing or _has_valid_prefix(name)
        }
        super().set_params(**params)  # type: ignore[misc]
        self.__dict__.update(extra)
        return self

    def _extra_params(self) -> dict[str, Any]:
        in_signature = self._get_param_names()  # type: ignore[attr-defined]
        return {
            name: value
            for name, value in vars(self).items()
            if name not in in_signature and name[0] != "_" and name[-1] != "_"
        }

    def _params_with_prefix(self, prefix: str) -> dict[str, Any]:
        """Return the parameters ``prefix__name`` by their names without the prefix."""
        return {
            name.removeprefix(f"{prefix}__"): value
            for name, value in self._extra_params().items()
            if name.startswith(f"{prefix}__")
        }

    def _routed_params(self) -> dict[str, Any]:
        """Return the parameters outside the signature. Raise if one has no valid prefix."""
        params = self._extra_params()
        for name in params:
            if not _has_valid_prefix(name):
                raise TypeError(
                    f"{type(self).__name__} got an unexpected parameter {name!r}."
                    f"{self._probably_meant(name)} The valid prefixes are: "
                    f"{', '.join(f'{prefix}__' for prefix in PREFIXES)}."
                )
        return params

    def _probably_meant(self, name: str) -> str:
        prefix, separator, rest = name.partition("__")
        if separator:
            hint = did_you_mean(prefix, PREFIXES, f"{{}}__{rest}")
        else:
            hint = did_you_mean(name, self._get_param_names())  # type: ignore[attr-defined]
        return hint or f" Use model__{name} for a parameter of the network."


def _has_valid_prefix(name: str) -> bool:
    prefix, separator, _ = name.partition("__")
    return bool(separator) and prefix in PREFIXES
