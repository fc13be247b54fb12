"""Running as a desktop program: what a double-click needs beside the page.

Knows no conversation, no model and no Gradio; the command line puts it together with the page, module by module: of a command that opens no page only
`streams`, `log` and `shown` are imported.

    streams    standard output and error where there is no terminal    instance  one program for one home
    log        what a report is made from, rotated                     door      loopback: splash, state, second starts
    program    a run from the first sign of life to the end            splash    the page until the page is there
    window, placement  a window of its own, where it was               ending    signals, Quit, nobody there any more
    foreign    browser, folder view, message box                       updates   asked only when a person asks
    shown      an error that the person has seen
"""
