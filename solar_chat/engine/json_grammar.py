"""A JSON object (RFC 8259) in llama.cpp's own grammar notation, for replies that must be one.

Blanks are few, so that a model cannot write nothing else for ever. A JSON schema is not offered: this build of llama.cpp hands it to another library,
which gave up on a vocabulary without "{" and let the model write anything, with a warning on stderr only.
"""

from typing import Final

JSON_OBJECT: Final = r"""
root   ::= object
value  ::= object | array | string | number | "true" | "false" | "null"
object ::= "{" blank (member ("," blank member)*)? "}"
member ::= string blank ":" blank value blank
array  ::= "[" blank (value blank ("," blank value blank)*)? "]"
string ::= "\"" ([^"\\\x00-\x1F] | "\\" (["\\/bfnrt] | "u" [0-9a-fA-F]{4}))* "\""
number ::= "-"? ("0" | [1-9] [0-9]*) ("." [0-9]+)? ([eE] [-+]? [0-9]+)?
blank  ::= [ \n]{0,8}
"""
