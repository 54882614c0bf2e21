"""Benchmarks of the package and of the alternatives that a user would otherwise choose.

``python -m benchmarks`` runs them, and ``python -m benchmarks windows`` runs only one. Each has a
function `main`. The benchmarks print results and assert nothing, because timings depend on the
machine. `import_cost`, `search`, `prediction`, `memory`, `soak` and `larger_than_memory` have
targets and also write ``results/engine.json``. `accuracy` measures no times: it prints test scores
beside published ones.
"""
