"""The one entry point: `python app.py`, a Hugging Face Space and a frozen bundle all start here."""

import sys

if __name__ == "__main__":
    if getattr(sys, "frozen", False):
        # A frozen program is started again by multiprocessing for each of its workers, and this is where such a one goes its own way.
        import multiprocessing

        multiprocessing.freeze_support()
    from solar_chat.cli import main

    main()
