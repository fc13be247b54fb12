"""A checkpoint as one GGUF file, for llama.cpp and what is built on it, and the Modelfile that makes an Ollama model of it.

    made = export(Checkpoint.read(folder), vocabulary, about, Path("model.gguf"), "q4_0")

The rule: what GGUF cannot say exactly is refused by name, since a file that loads and answers differently is worse than none. The engine reads them.
"""

from solar_chat.export.about import About
from solar_chat.export.modelfile import modelfile
from solar_chat.export.types import WEIGHTS, Weights
from solar_chat.export.vocabulary import Vocabulary, leans_on_place
from solar_chat.export.writing import Exported, export, modelfile_path

__all__ = ["WEIGHTS", "About", "Exported", "Vocabulary", "Weights", "export", "leans_on_place", "modelfile", "modelfile_path"]
