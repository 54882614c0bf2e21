"""
Deploy
======

A model is trained on a machine with all packages. Its forecasts are often needed elsewhere: in a
small container, in a program that is not written in Python, behind an HTTP address, or in a shell.
This page shows a way for each of them. It measures how much disk space and memory each way needs,
and how long its start and one forecast take.
"""

# %%
# The model forecasts the maximum temperature in Seattle of the next three days from the last 14
# days. It learns from all days except the last 100, which arrive after the deployment.

import io
import json
import pickle
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from tempfile import mkdtemp
from time import perf_counter, sleep

import numpy as np
import pandas as pd
import psutil
import skops.io
from packaging.requirements import Requirement
from sklearn.pipeline import make_pipeline

from skl_lstm import LSTMRegressor, SequenceWindower, Stream, leads, to_onnx
from skl_lstm.datasets import load_seattle_weather

weather = load_seattle_weather()[["temp_max", "wind"]]
before, later = weather[:-100], weather[-100:]
y = leads(before, "temp_max", horizon=3)

pipeline = make_pipeline(
    SequenceWindower(timesteps=14),
    LSTMRegressor(32, learning_rate=0.01, epochs=10, random_state=0),
)
pipeline.fit(before.loc[y.index], y)

# %%
# The windower keeps the last rows of its ``fit``, as the past of later rows. The last three days
# have no row in ``y``, so they are not among them. Fit the windower again, on all days. It learns
# nothing else from them, and the network stays as it is:

pipeline[0].fit(before)
expected = pipeline.predict(weather)[-100:]

# %%
# Python without TensorFlow
# -------------------------
#
# ``LSTMRegressor`` and ``LSTMClassifier`` train and predict with compiled functions of this
# package, unless their parameters need Keras. A machine that loads such a model and makes forecasts
# needs neither Keras nor TensorFlow. ``--no-deps`` leaves out the requirements of the package, so
# name those that are needed:
#
# .. code-block:: sh
#
#     pip install --no-deps skl-lstm
#     pip install numpy scipy scikit-learn numba joblib pandas skops
#
# The next cell adds up the files of packages and of all that they require, as installed where this
# page was built:


def megabytes_on_disk(*names):
    found = set()
    while names:
        name, *names = names
        try:
            requirements = map(Requirement, distribution(name).requires or [])
        except PackageNotFoundError:  # not needed on this platform
            continue
        needed = [r.name.lower() for r in requirements if not r.marker or r.marker.evaluate()]
        found.add(name)
        names += set(needed) - found
    paths = [file.locate() for name in found for file in distribution(name).files or []]
    return sum(path.stat().st_size for path in paths if path.exists()) / 1e6


forecasting = ["numpy", "scipy", "scikit-learn", "numba", "joblib", "pandas", "skops"]
print(f"to forecast:          {megabytes_on_disk(*forecasting):5.0f} MB")
print(f"with TensorFlow:      {megabytes_on_disk(*forecasting, 'scikeras', 'tensorflow'):5.0f} MB")
print(f"onnxruntime, NumPy:   {megabytes_on_disk('onnxruntime', 'numpy'):5.0f} MB")

# %%
# A model that was saved with skops is loaded without running code from the file. A new process
# reads it and the last days, forecasts, and prints the forecast. It also prints which of the large
# libraries it has loaded. The function ``measure`` returns what the process printed, the seconds
# from its start to this output, and its resident memory at this moment:

folder = Path(mkdtemp())
skops.io.dump(pipeline, folder / "model.skops")
weather[-14:].to_csv(folder / "last.csv")


def measure(code):
    code += "\nprint(json.dumps(answer), flush=True)\ninput()"
    start = perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    answer = json.loads(process.stdout.readline())
    seconds = perf_counter() - start
    memory = psutil.Process(process.pid).memory_info().rss
    process.communicate("\n")
    return answer, {"start and forecast, s": seconds, "memory, MB": memory / 1e6}


with_skops = """
import json, sys
import pandas, skops.io
from skl_lstm import TRUSTED_TYPES

pipeline = skops.io.load("model.skops", trusted=TRUSTED_TYPES)
last = pandas.read_csv("last.csv", index_col="date", parse_dates=True)
large = [name for name in ("keras", "tensorflow") if name in sys.modules]
answer = pipeline.predict(last)[-1].tolist(), large
"""
(forecast_of_skops, large), costs_of_skops = measure(with_skops)
print(forecast_of_skops, large)
np.array_equal(forecast_of_skops, expected[-1])

# %%
# The functions are compiled at their first use, which takes several seconds once, and kept on disk
# (:doc:`/speed`). Make one forecast when you build an image of a container, so that its first start
# is as fast as the later ones. Train and predict with the same versions of scikit-learn and NumPy.
#
# One file for any runtime
# ------------------------
#
# :func:`~skl_lstm.to_onnx` writes the whole pipeline as an ONNX model, from raw values to °C.
# Programs in C#, C++, Java, JavaScript or Python run it with ONNX Runtime. Only the machine that
# writes the file needs ``pip install 'skl-lstm[onnx]'``. Neither Keras nor TensorFlow is loaded for
# it:

to_onnx(pipeline, folder / "model.onnx")
{path.name: f"{path.stat().st_size / 1e3:.0f} kB" for path in sorted(folder.glob("model.*"))}

# %%
# The input ``X`` has the axes (samples, timesteps, features): windows of the raw values as doubles,
# oldest step first, in the order of the columns in training. The program that runs the model makes
# the windows. In C# or C++, one window is a buffer of 14 · 2 doubles, row after row. If there are
# fewer than 14 rows since the beginning of a series, or since a hole in time, the windower repeats
# the oldest of them, and so must the program. Here it is Python, with NumPy and ONNX Runtime alone:

with_onnx = """
import json, sys
import numpy, onnxruntime

table = numpy.loadtxt("last.csv", delimiter=",", skiprows=1, usecols=(1, 2))
session = onnxruntime.InferenceSession("model.onnx")
forecast, *_ = session.run(None, {"X": table[numpy.newaxis]})
large = [name for name in ("sklearn", "skl_lstm", "keras", "tensorflow") if name in sys.modules]
answer = forecast[0].tolist(), large
"""
(forecast_of_onnx, large), costs_of_onnx = measure(with_onnx)
print(forecast_of_onnx, large)
np.allclose(forecast_of_onnx, expected[-1], rtol=1e-5)

# %%
# Other programs can read the names of the columns and of the targets from the metadata:

import onnxruntime

session = onnxruntime.InferenceSession(folder / "model.onnx")
session.get_modelmeta().custom_metadata_map

# %%
# The file takes any number of windows, such as the 100 windows of the last days at once. It also
# takes windows of other lengths, but their forecasts are those of another look-back:

windows = np.lib.stride_tricks.sliding_window_view(weather.to_numpy(), 14, axis=0)
windows = windows.swapaxes(1, 2)[-100:]
forecasts, *_ = session.run(None, {"X": windows})
np.abs(forecasts / expected - 1).max()

# %%
# A row at a time
# ---------------
#
# A sensor or a market sends one row after the other. :class:`~skl_lstm.Stream` keeps the last rows
# of every series, and returns the forecast of each new row at once. It begins with the rows that
# the windower keeps, and with those of a table, if you pass one:

stream = Stream(pipeline, before)
stream.push(later[:1])

# %%
# A row can also be a dict with the names of the index and of the columns. The forecasts equal those
# of ``predict`` on the whole table to the last bit:

push_seconds, pushed = [], [stream.push({"date": later.index[1], **later.iloc[1]})]
for position in range(2, 100):
    start = perf_counter()
    pushed.append(stream.push(later[position : position + 1]))
    push_seconds.append(perf_counter() - start)
print(f"median of a push: {1e3 * np.median(push_seconds):.2f} ms")
np.array_equal(pd.concat(pushed), expected[1:])

# %%
# A stream refuses rows that are older than the last one of their series, and keeps its state:

try:
    stream.push(later[-3:-2])
except ValueError as error:
    print(error)

# %%
# A pickle of a stream contains its estimator and the last rows. After a restart, it goes on with
# the next row. Load only your own pickles, because loading one can run any code:

saved = folder / "stream.pickle"
saved.write_bytes(pickle.dumps(Stream(pipeline, before)))
print(f"{saved.stat().st_size / 1e3:.0f} kB")
pickle.loads(saved.read_bytes()).last_labels

# %%
# Behind an HTTP address
# ----------------------
#
# FastAPI makes a service of it. It checks that a request has a date without a time zone, and two
# numbers. A date far ahead would block the stream, which takes rows in order of time only, so the
# service refuses dates more than a day ahead. A row that the stream refuses becomes the status 409
# with the message of the error. After every row, the service replaces its pickle, so that no row is
# lost in a restart. As an ``async`` function, it handles one request after the other:

from datetime import datetime, timedelta

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, NaiveDatetime


class Row(BaseModel):
    date: NaiveDatetime
    temp_max: float
    wind: float


app = FastAPI()
stream = pickle.loads(saved.read_bytes())


@app.post("/rows")
async def push(row: Row) -> dict[str, float]:
    if row.date > datetime.now() + timedelta(days=1):
        raise HTTPException(422, f"The date {row.date} is more than a day ahead.")
    try:
        answer = stream.push(row.model_dump()).iloc[0].to_dict()
    except (TypeError, ValueError) as error:
        raise HTTPException(409, str(error)) from error
    new = saved.with_suffix(".new")
    new.write_bytes(pickle.dumps(stream))
    new.replace(saved)
    return answer


# %%
# In a file ``service.py``, it is started with ``uvicorn service:app``. Use one process: several
# would each have a stream of their own, and each would get only some of the rows. On this page, the
# server runs in a thread, and can be reached from this machine only:

import threading
from http.client import HTTPConnection

import uvicorn

server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))  # 0: any free port
thread = threading.Thread(target=server.run)
thread.start()
while not server.started:
    sleep(0.01)
port = server.servers[0].sockets[0].getsockname()[1]
connection = HTTPConnection("127.0.0.1", port)


def post(day):
    row = {"date": day.isoformat(), **later.loc[day]}
    connection.request("POST", "/rows", json.dumps(row), {"Content-Type": "application/json"})
    response = connection.getresponse()
    return response.status, json.load(response)


post(later.index[0])

# %%
# The same day again is refused. The next ones get the forecasts of ``predict``:

print(post(later.index[0]))
request_seconds = []
for day in later.index[1:]:
    start = perf_counter()
    status, answer = post(day)
    request_seconds.append(perf_counter() - start)

connection.close()
server.should_exit = True
thread.join()
print(np.array_equal([*answer.values()], expected[-1]))
pickle.loads(saved.read_bytes()).last_labels  # where it goes on after a restart

# %%
# From a shell
# ------------
#
# ``skl-lstm predict MODEL -`` reads rows as CSV from its standard input. It writes the forecast of
# each line before it reads the next one (:doc:`/command`). It takes models from ``skl-lstm fit
# --save``, and pipelines that skops saved. The command also needs the packages ``rich`` and
# ``matplotlib``.

lines = later.to_csv()
command = [sys.executable, "-m", "skl_lstm", "predict", "model.skops", "-"]
done = subprocess.run(command, cwd=folder, input=lines, capture_output=True, text=True, check=True)
print(done.stdout[: done.stdout.index("2015-09-28")])
answers = io.StringIO(done.stdout)
answers = np.loadtxt(answers, delimiter=",", skiprows=1, usecols=(1, 2, 3))
np.array_equal(answers, expected)

# %%
# What it costs
# -------------
#
# The time of a new process includes the start of Python and its imports. The latency is the median
# time of one forecast in a running process: ``predict`` on the last 14 rows, the ONNX model on one
# window, a push of one row, and a request that pushes one row. A stream runs in a process like that
# of ``predict``, and its start and memory are about the same:


def median_ms(function, repeats=100):
    seconds = []
    for _ in range(repeats):
        start = perf_counter()
        function()
        seconds.append(perf_counter() - start)
    return 1e3 * np.median(seconds)


costs = pd.DataFrame(
    {
        "predict, loaded by skops": costs_of_skops,
        "ONNX Runtime": costs_of_onnx,
        "Stream": {},
        "Stream behind HTTP": {},
    }
).T
last = weather[-14:]
costs["latency, ms"] = [
    median_ms(lambda: pipeline.predict(last)),
    median_ms(lambda: session.run(None, {"X": windows[-1:]})),
    1e3 * np.median(push_seconds),
    1e3 * np.median(request_seconds),
]
costs.round(2)

# %%
# Which one?
# ----------
#
# - In Python, load the file of skops. Intervals, quantiles and :func:`~skl_lstm.forecast` work
#   without TensorFlow.
# - In another language, or on a small device, use ONNX. Your program makes the windows, and decides
#   what happens at a hole in time. There are no intervals of a ``ConformalRegressor``.
# - For rows that arrive one by one, use a stream; in a shell script, ``skl-lstm predict MODEL -``.
