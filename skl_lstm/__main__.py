"""Entry point of ``python -m skl_lstm`` and ``skl-lstm``."""

import os
import sys


def main() -> int:
    """Run the command, or print which package has to be installed for it."""
    # TensorFlow reads this variable when it is imported, so it has to be set before.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        from . import cli

        return cli.main()
    except ModuleNotFoundError as error:
        print(
            f"skl-lstm: error: the command needs {error.name}. Install it with: "
            "pip install 'skl-lstm[cli]'",
            file=sys.stderr,
        )
        return 1


if __name__ == "__main__":
    sys.exit(main())
