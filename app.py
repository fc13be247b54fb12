"""The one entry point: `python app.py`, a Hugging Face Space and a frozen bundle all start here."""

from solar_chat.cli import main

if __name__ == "__main__":
    main()
