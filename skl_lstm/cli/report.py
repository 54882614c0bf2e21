"""The progress bar and the printed tables of the command."""

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from sklearn.metrics import mean_absolute_error, root_mean_squared_error
from sklearn.model_selection import GridSearchCV

from .tables import as_columns


def show_progress(search: GridSearchCV) -> None:
    """Show a progress bar on a terminal, and scikit-learn's messages elsewhere."""
    try:
        from sklearn.callback import ProgressBar  # new in scikit-learn 1.9
    except ImportError:
        search.set_params(verbose=2)
        return
    if sys.stdout.isatty():
        search.set_callbacks(ProgressBar(max_propagation_depth=0))
    else:
        search.set_params(verbose=1)


def print_candidates(console: Console, search: GridSearchCV) -> None:
    """Print the cross-validated error of every candidate, and the best parameters."""
    table = Table(title=f"Cross-validation, {search.n_splits_} folds forwards in time")
    for heading in ("rank", "timesteps", "units", "RMSE", "± std", "fit, s"):
        table.add_column(heading, justify="right")
    results = search.cv_results_
    for i in np.argsort(results["rank_test_score"], kind="stable"):
        table.add_row(
            str(results["rank_test_score"][i]),
            str(results["param_window__timesteps"][i]),
            str(results["param_lstm__units"][i]),
            f"{-results['mean_test_score'][i]:.3f}",
            f"{results['std_test_score'][i]:.3f}",
            f"{results['mean_fit_time'][i]:.1f}",
        )
    console.print(table)
    best = search.best_params_
    console.print(f"Best: timesteps={best['window__timesteps']}, units={best['lstm__units']}")


def print_errors(
    console: Console, y_true: NDArray[Any], forecasts: dict[str, NDArray[Any]]
) -> None:
    """Print the errors of the LSTM and the baselines on the held-out rows."""
    table = Table(title=f"Held-out tail, {len(y_true)} rows")
    table.add_column("forecast")
    table.add_column("RMSE", justify="right")
    table.add_column("MAE", justify="right")
    for name, y_pred in forecasts.items():
        rmse = root_mean_squared_error(y_true, as_columns(y_pred))
        mae = mean_absolute_error(y_true, as_columns(y_pred))
        table.add_row(name, f"{rmse:.3f}", f"{mae:.3f}")
    console.print(table)
