"""Importing Gradio: nothing is written where it is installed, and no pandas, until somebody has a table."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROBE = """
import sys
from solar_chat.ui.environment import prepare
prepare()
import gradio
from gradio import component_meta
from gradio.caching import cache_hash
print("pandas" in sys.modules, component_meta.create_or_modify_pyi(None, None, None))
import pandas
table = pandas.DataFrame({"a": [1, 2]})
print(cache_hash(table) == cache_hash(table.copy()), cache_hash(table) == cache_hash(pandas.DataFrame({"a": [1, 3]})))
print(gradio.Dataframe().postprocess(table).data)
"""


def test_gradio_comes_without_pandas_and_still_knows_its_tables() -> None:
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", PROBE], cwd=ROOT, capture_output=True, encoding="utf-8", check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["False None", "True False", "[[1], [2]]"]


def test_a_table_can_be_the_first_to_ask_for_pandas() -> None:
    probe = PROBE.split("import pandas")[0] + "print(cache_hash(object())[:0] == '', 'pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", probe], cwd=ROOT, capture_output=True, encoding="utf-8", check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "True True"


def test_the_names_of_cached_files_need_no_file_in_the_installation() -> None:
    probe = PROBE.split("import gradio\n")[0] + (
        "import gradio.utils, gradio.processing_utils as files\n"
        "print(len(files.hash_seed), gradio.utils.get_hash_seed() != gradio.utils.get_hash_seed())"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", probe], cwd=ROOT, capture_output=True, encoding="utf-8", check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "32 True"
