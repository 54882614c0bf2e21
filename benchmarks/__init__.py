"""What the package costs beside the peers that a user would otherwise pick.

``python -m benchmarks`` runs them all, ``python -m benchmarks windows`` one of them. They
print and never assert: timings depend on the machine. Each module here has one `main`.
Those with targets, `search`, `prediction` and `memory`, write ``results/engine.json`` as well.
"""
