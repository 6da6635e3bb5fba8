"""Tk's own file dialogs, used on Linux: sorted out for images, in the program's colours.

Windows and macOS have dialogs of their own, which stay as they are.
"""

from __future__ import annotations

import logging
import tkinter as tk

from deepimagetranslator.gui.theme.theme import theme_of

_WIDTH, _HEIGHT = 760, 360
_MOST_FILES = 400  # the list places every name anew; a folder of 10,000 would take seconds

_TUNED = r"""
foreach name {::tk::dialog::file:: ::tk::dialog::file::chooseDir:: ::tk::IconList} {
    auto_load $name
}
# A dialog that was used before comes back where it was among the windows, maybe below others.
foreach class {TkFDialog TkChooseDir TkColorDialog} { bind $class <Map> {+raise %W} }

set ::tk::dialog::file::showHiddenBtn 1
set ::tk::dialog::file::showHiddenVar 0

# A dialog is kept after its first use, so it is painted each time its list is filled, too.
rename ::tk::dialog::file::Create ::tk::dialog::file::CreatePlain
proc ::tk::dialog::file::Create {w class} {
    CreatePlain $w $class
    ::deepimagetranslator::paint $w
}
rename ::tk::dialog::file::Update ::tk::dialog::file::UpdatePlain
proc ::tk::dialog::file::Update {w} {
    if {![winfo exists $w]} return
    ::deepimagetranslator::paint $w
    UpdatePlain $w
    if {[winfo class $w] ne "TkChooseDir"} return
    upvar #0 ::tk::dialog::file::[winfo name $w] data
    set files [GlobFiltered $data(selectPath) {f b c l p s}]
    $data(icons) add $::tk::Priv(fileImage) [lrange $files 0 $::deepimagetranslator::last]
}

# Where a folder is asked for, a file stands for its folder.
rename ::tk::dialog::file::ListInvoke ::tk::dialog::file::ListInvokePlain
proc ::tk::dialog::file::ListInvoke {w names} {
    upvar #0 ::tk::dialog::file::[winfo name $w] data
    set file [JoinFile $data(selectPath) [lindex $names 0]]
    if {[winfo class $w] eq "TkChooseDir" && ![file isdirectory $file]} {
        chooseDir::Done $w $data(selectPath)
    } else {
        ListInvokePlain $w $names
    }
}
rename ::tk::dialog::file::chooseDir::Done ::tk::dialog::file::chooseDir::DonePlain
proc ::tk::dialog::file::chooseDir::Done {w {path ""}} {
    upvar #0 ::tk::dialog::file::[winfo name $w] data
    if {[file isfile $path]} { set path [file dirname $path] }
    DonePlain $w $path
}

# As in Tk, but a name that is no longer selected gets the list's text colour instead of black.
oo::define ::tk::IconList method DrawSelection {} {
    $canvas delete selection
    $canvas itemconfigure selectionText -fill $fill
    $canvas dtag selectionText
    foreach item $selection {
        lassign $itemList([lindex $list $item 2]) icon text
        set colour [ttk::style lookup TEntry -selectbackground focus]
        set box [$canvas bbox $text]
        $canvas create rect $box -fill $colour -outline $colour -tags selection
        $canvas itemconfigure $text -tags selectionText \
            -fill [ttk::style lookup TEntry -selectforeground focus]
    }
    $canvas lower selection
}
"""


def tune_file_dialogs(root: tk.Tk) -> bool:
    """Hide hidden files, show files where a folder is asked for, and use the theme's look.

    Returns:
        Whether Tk's own dialogs are used; elsewhere nothing is changed.
    """
    if str(root.tk.call("tk", "windowingsystem")) != "x11":
        return False
    root.tk.call("namespace", "eval", "::deepimagetranslator", "")
    root.tk.call("set", "::deepimagetranslator::last", _MOST_FILES - 1)
    root.tk.createcommand("::deepimagetranslator::paint", lambda path: _paint(root, path))
    try:
        root.tk.call("eval", _TUNED)
    except tk.TclError as error:  # another version of Tk may have other procedures inside
        logging.getLogger(__name__).warning("Tk's file dialogs keep their own look: %s", error)
    return True


def _paint(root: tk.Tk, path: str) -> None:
    """Give a dialog's list of files the colours and the size of the theme."""
    theme, call = theme_of(root), root.tk.call
    # Where the list's object keeps its canvas, and the colour of names that are added.
    space = call("info", "object", "namespace", f"{path}.contents.icons")
    call("set", f"{space}::fill", theme.palette.text)
    screen = root.winfo_screenwidth(), root.winfo_screenheight()
    width = min(theme.px(_WIDTH), int(screen[0] * 0.8))
    height = min(theme.px(_HEIGHT), int(screen[1] * 0.5))
    size = ("-width", width, "-height", height)
    canvas = call("set", f"{space}::canvas")
    call(canvas, "configure", "-background", theme.palette.field, *size)
