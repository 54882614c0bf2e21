"""The progress bar and the printed tables of the command."""

import sys

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table
from sklearn.model_selection import GridSearchCV

from skl_lstm import compare_forecasts

from .errors import count_and_noun
from .tables import count_series


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


def print_remarks(console: Console, remarks: list[str]) -> None:
    """Print sentences on how the file was read."""
    for remark in remarks:
        console.print(f"{remark[0].upper()}{remark[1:]}.", soft_wrap=True, markup=False)


def print_size(
    console: Console, table: pd.DataFrame, target: str, horizon: int, n_train: int, n_test: int
) -> None:
    """Print the size of the table, what is forecast, and how the rows are divided."""
    n_series = count_series(table)
    in_series = f" in {n_series} series" if n_series > 1 else ""
    console.print(
        f"{len(table)} rows{in_series} of {count_and_noun(table.shape[1], 'feature')}, "
        f"forecasting {target!r} {count_and_noun(horizon, 'step')} ahead; "
        f"tuning on {n_train} rows, the last {n_test} held out.",
        soft_wrap=True,
        markup=False,
    )


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


def print_errors(console: Console, forecasts: pd.DataFrame) -> None:
    """Print the errors of the LSTM and the baselines on the held-out rows."""
    # As many rows as one model has forecasts of one step.
    n_rows = len(forecasts) // forecasts["model"].nunique() // forecasts["step"].nunique()
    table = Table(title=f"Held-out tail, {n_rows} rows")
    table.add_column("forecast")
    table.add_column("RMSE", justify="right")
    table.add_column("MAE", justify="right")
    errors = mean_errors(forecasts)
    for model, (rmse, mae) in errors.iterrows():
        table.add_row(str(model), f"{rmse:.3f}", f"{mae:.3f}")
    console.print(table)


def print_coverage(console: Console, forecasts: pd.DataFrame) -> None:
    """Print the coverage of the intervals of the LSTM, promised and reached, and their width."""
    lstm = forecasts[forecasts["model"] == "LSTM"]
    is_inside = lstm["truth"].between(lstm["lower"], lstm["upper"])
    by_step = 100 * is_inside.groupby(lstm["step"]).mean()
    spread = f" ({by_step.min():.1f} to {by_step.max():.1f} by step)" if len(by_step) > 1 else ""
    width = (lstm["upper"] - lstm["lower"]).mean()
    console.print(
        f"Intervals for {100 * lstm['coverage'].iloc[0]:g} %: {100 * is_inside.mean():.1f} % of "
        f"the held-out values are inside{spread}; mean width {width:.3f}.",
        soft_wrap=True,
    )


def print_verdict(console: Console, forecasts: pd.DataFrame) -> None:
    """Print whether the LSTM is better than the better one of the baselines."""
    baselines = mean_errors(forecasts).drop(index="LSTM")
    verdict = compare_forecasts(forecasts, baselines["RMSE"].idxmin()).loc["LSTM", "verdict"]
    console.print(f"{verdict}.", soft_wrap=True)


def mean_errors(forecasts: pd.DataFrame) -> pd.DataFrame:
    """Return RMSE and MAE of every model, averaged over the steps ahead as in the search."""
    error = forecasts["forecast"] - forecasts["truth"]
    by_step = [forecasts["model"], forecasts["step"]]
    errors = {
        "RMSE": np.sqrt((error**2).groupby(by_step, sort=False).mean()),
        "MAE": error.abs().groupby(by_step, sort=False).mean(),
    }
    return pd.DataFrame(errors).groupby("model", sort=False).mean()
