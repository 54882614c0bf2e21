"""The door to the command, for ``python -m skl_lstm`` and ``skl-lstm`` alike."""

import os
import sys


def main() -> int:
    """Run the command, or say what has to be installed for it."""
    # TensorFlow's native log speaks before any Python code could turn it down.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        from . import cli
    except ModuleNotFoundError as error:
        print(
            f"skl-lstm: error: the command needs {error.name}: pip install 'skl-lstm[cli]'",
            file=sys.stderr,
        )
        return 1
    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
