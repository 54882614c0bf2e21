"""Convert pandas objects in the state of a windower to plain arrays and values for saved files."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import pandas_dtype

from .time_index import Runs


def pack(value: Any) -> Any:
    """Convert pandas objects to plain arrays and values; return anything else unchanged."""
    if isinstance(value, Runs):
        fields = {name: pack(field) for name, field in value._asdict().items()}
        return {"packed": "runs", **fields}
    if isinstance(value, pd.DataFrame):  # of one dtype
        index, columns = pack_index(value.index), pack_index(value.columns)
        return {"packed": "frame", "values": value.to_numpy(), "index": index, "columns": columns}
    if isinstance(value, pd.Index):
        return {"packed": "index", **pack_index(value)}
    if isinstance(value, pd.Timedelta):
        return {"packed": "length", "count": int(value.asm8.astype(np.int64)), "unit": value.unit}
    if isinstance(value, dict) and "packed" in value:  # a user's dict, not a packed object
        return {"packed": "dict", "items": value}
    return value


def unpack(packed: Any) -> Any:
    """Invert `pack`."""
    kind = packed.get("packed") if isinstance(packed, dict) else None
    if kind == "runs":
        return Runs(**{name: unpack(packed[name]) for name in Runs._fields if name in packed})
    if kind == "frame":
        index, columns = unpack_index(packed["index"]), unpack_index(packed["columns"])
        return pd.DataFrame(packed["values"], index=index, columns=columns)
    if kind == "index":
        return unpack_index(packed)
    if kind == "dict":
        return packed["items"]
    if kind == "length":
        return pd.Timedelta(np.timedelta64(packed["count"], packed["unit"]))
    return packed


def pack_index(index: pd.Index) -> dict[str, Any]:
    """Convert an index to plain arrays and values."""
    if isinstance(index, pd.MultiIndex):
        levels = [pack_index(level) for level in index.levels]
        codes = [np.asarray(codes) for codes in index.codes]
        return {"levels": levels, "codes": codes, "names": list(index.names)}
    if isinstance(index, pd.CategoricalIndex):
        categories = pack_index(index.categories)
        packed = {"codes": np.asarray(index.codes), "categories": categories}
        return {**packed, "ordered": bool(index.ordered), "name": index.name}
    values = getattr(index, "asi8", None)  # dates, timedeltas and periods as integers
    values = index.to_numpy() if values is None else values
    packed = {"values": np.asarray(values), "dtype": _dtype_name(index.dtype), "name": index.name}
    return {**packed, "freq": getattr(index, "freqstr", None)}


def unpack_index(packed: dict[str, Any]) -> pd.Index:
    """Invert `pack_index`."""
    if "levels" in packed:
        levels: Any = [unpack_index(level) for level in packed["levels"]]
        return pd.MultiIndex(levels, packed["codes"], names=packed["names"])
    if "categories" in packed:
        categories = pd.CategoricalDtype(unpack_index(packed["categories"]), packed["ordered"])
        values = pd.Categorical.from_codes(packed["codes"], dtype=categories)
        return pd.CategoricalIndex(values, name=packed["name"])
    values, dtype, name = packed["values"], packed["dtype"], packed["name"]
    if str(dtype).startswith("period"):
        periods: Any = pd.PeriodIndex
        return periods.from_ordinals(values, freq=packed["freq"], name=name)
    index: Any = pd.Index(values, name=name).astype(dtype)
    if packed["freq"] is not None:
        index.freq = packed["freq"]
    return index


def _dtype_name(dtype: Any) -> Any:
    """Return the name of a dtype, or the dtype itself if pandas cannot parse the name."""
    try:
        return str(dtype) if pandas_dtype(str(dtype)) == dtype else dtype
    except TypeError:
        return dtype
