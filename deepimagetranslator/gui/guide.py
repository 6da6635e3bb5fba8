"""The guide: one page that explains how to use the program."""

from __future__ import annotations

import tkinter as tk
from typing import Any

from PIL import Image, ImageTk

from deepimagetranslator.core.system import paths
from deepimagetranslator.gui.theme.theme import theme_of
from deepimagetranslator.gui.widgets.in_front import path_in_use, place_over
from deepimagetranslator.gui.widgets.reading_text import ReadingText

_OPEN = "_deepimagetranslator_guide"
_HEADINGS = {"#": "chapter", "##": "section"}

TEXT = """\
# From image pairs to translated folders

The start page offers ways to begin: what you want to make, the sample images, recent projects.

## 1. Load images
File > Load folder pair asks for a folder of inputs and a folder of targets. Files with the same \
or a similar name form a pair, for example "anna_07.png" and "anna_07_mask.png". The first entries \
of the File menu load single files instead. File > Load persons loads a folder with a subfolder \
per person at once, such as PERSON/images and PERSON/targets. You can also drop files and folders \
onto the panes. File > Load sample images creates a small data set for a first try.
[window-main.png]
Supported formats are PNG, JPEG, TIFF, DICOM and NIfTI, with 8 or 16 bits or floating-point \
values. The slices of a DICOM folder are sorted by position; if the folder contains several \
series, you choose one. Each slice of a volume is an image.

## 2. Set validation images apart
Data > Split validation from training moves all images of some persons to validation, so that no \
person is in both. Persons are recognized by folder, file name or DICOM patient; a click on a \
person moves it to the other part. You can also load separate validation images.

## 3. Define the network
Model > New model takes the image sizes from your images. The recommended settings are a good \
start; Reset brings them back. Model > Set model hyperparameters holds the loss, the optimizer and \
the number of epochs.

## 4. Choose the augmentation
Train > Data augmentation previews it on your own images. Augmentation varies the training images \
at random, so that fewer labelled images are needed. Amounts in pixels are in proportion to the \
size of your images until you change them. Offset, gain, gamma, noise, blur and low resolution \
make training images look like those of other scanners (amounts of offset and noise are fractions \
of the intensity window), stretch like those of other persons. The tick "Augmented" beside the \
images shows them as the network sees them.

## 5. Train
Train > Train model (F5) starts the training. The monitor shows loss and metrics (for label maps \
the Dice score of each class), predictions of validation images (a click enlarges them) and the \
time left. You can stop at any time and resume later (Train > Resume the last training), also \
after a crash or a power failure; only the running epoch is lost, and a training without a \
complete epoch begins again. The epoch with the best \
validation result is saved as the best checkpoint. Weights of an epoch that you choose during a \
training stay in use until you choose others. Where inputs and targets can be compared, as in \
denoising, a dotted line shows the inputs themselves: a network below it makes images worse.
[window-monitor.png]
## 6. Evaluate
Evaluate > Evaluate on validation images compares the translated images with their targets: Dice, \
SSIM and other measures, for the whole volume and for each image. The tables also show mean and \
standard deviation over images and persons. Click a heading to \
sort, double-click an image to see it. The list beside the panes (View > Image list) shows each \
image with its Dice score or PSNR by the current model, the worst first if you want. Overlay > \
Outlines draws the outlines of target and prediction over the image.

## 7. Translate new images
Translate > Load images for translation loads them, and the arrow keys step through them. \
Translate > Clean-up removes specks and misplaced regions of label maps; the third pane shows it. \
Translate > Translate and save writes the translated images into a folder. It asks first if their \
values are unlike those that the network was trained on, such as Hounsfield units with 1024 added. \
Images that are unlike the training images in another way, such as noisier ones or those of \
another part of the body, are translated and marked: by the reason over the prediction, and by a \
sign in the list. Look at what became of them. \
With "Confidence maps" a map beside each image says how sure the network is; Overlay > Confidence \
marks the uncertain pixels. Calibrate it first (Evaluate > Calibrate confidence).
[demo.png]
# Compare ways to train

## Plan a study
Train > Study > New study answers questions such as "does augmentation help?" or "how many images \
do I need?" with the images of the open project. Whole persons are left out in turn, trained \
without and tested. Choose what is varied: the ticks offer the usual settings, "Vary another \
setting" all others. Sizes of the training set give a learning curve. The dialog says how many \
trainings it takes, whom each fold tests, and the smallest p that the comparisons could have; \
with few persons there is none, and it says how many are needed.

## Run it
The view of the study measures how long it will take. Run trains one after another; you can use \
the window meanwhile, stop at any time and resume later, also after a crash. The table shows how \
far each training is and its score; a double click opens its curves, "Use its weights" makes its \
weights the current model. A training that failed shows its reason when it is selected, and can \
be tried again. "Make report" compares the variations over persons, at any time.

## Translate with all of its networks
While a study is open, Translate > Translate and save offers the networks of all folds of a \
variation together: the mean of their outputs, a map of their disagreement beside each image, and \
second_look.csv. The image list shows how far the networks are apart on each image, also when the \
translated folder is loaded again: look at the worst ones first.

# Check the data before a long training

## Errors, warnings and repairs
Data > Check data (F4) reads all files and lists errors, warnings and notes, many of them with a \
repair button. A repair changes the project, never your files. Where a finding has several, as \
for a mask that states another place in the patient than its image, choose the one that is right. \
The table below lists all pairs; files without a partner come first. Drag a target to another row \
or press Enter to change a target, Delete to leave out a pair, Ctrl+Z to undo. If there are \
findings that you have not seen, the check opens before a training.

## Values
Data > Values and window sets the intensity normalization: the values that become 0 and 1 for \
the network. It can follow the file type or the training images, or be a window, for example the \
soft tissue window of CT (DICOM values are Hounsfield units). It is stored with the weights.

## Label maps
Data > Label colours lists the classes of label maps with their colours and shares of pixels. \
You can name, merge and recolour classes, and replace blurred colours by the nearest label \
colour. With exclusive classes (red, green, blue and black, say) a pixel that two classes share \
gets the likelier one instead of black.

# Paint label maps

Data > Paint labels (F6) turns the panes into a painting program: the labels lie over the input, \
and the middle pane shows the label map alone. You can begin with images that have no targets; \
where there is a target, it is the first label map. The panel lists tools, amounts and classes: \
the threshold brush paints only pixels whose values lie in the range of a sample, or between the \
two lines in the histogram, which can be dragged (W, then Left and Right; Up for the other line; \
Enter goes back); the bucket the connected pixels of nearly the same value (connected by edges). \
Change has tools for the whole label map, such as Interpolate between two labelled slices. On the \
prediction a stroke makes a draft of it. A locked class stays as it is; a class that was merged or \
deleted is brought back by Class > Bring back until you leave.
Everything is written within two seconds, into the folder "labels" beside the project; your files \
stay unchanged. Done locks an image; its unpainted pixels are background. The menu File of the \
panel exports the label maps in the geometry of their inputs or, if you want, saves one into its \
target file and keeps a copy.

## Label, correct, train again
Data > Load images to label takes a folder of images without targets. Name the classes, paint one \
image, and press D: it is done, and the next one is shown, chosen at random among images with \
foreground, spread over persons; the left column says why. N goes to the next without this. The \
list says what is to label, a draft or done.
Shift+T trains again on the done images: it copies their label maps, so you can go on painting \
meanwhile. When it ends, the network drafts all images that are not begun (A does this by itself, \
with the newest weights). M shows the draft of which the network is least sure, then the next one; \
correct it and press D. Shift+P takes the prediction over for one image. Below Train again you \
choose whether to begin from scratch or from the last weights. Every fifth done image validates \
(from five persons on whole persons), none below five images; with the same person in both parts \
the figures are optimistic. How many pixels of a network's drafts you have corrected is counted \
when an image is done, and shown by round.

## Keys while painting
A letter in brackets chooses its tool; 1 to 9: class; the square brackets, or Ctrl and the \
wheel: size; O: outlines only; H: hide; Ctrl+Z, Ctrl+Y: undo, redo; Esc: give up an outline or a \
slow tool; space or the middle button: move the image; Page Up, Page Down: image before, after; D: \
done, and the next; Shift+D: done; Shift+U: unlock; N: next; M: least sure draft; Shift+P: take \
the prediction; A: draft the rest; Shift+T: train again; W: histogram. Without a mouse: arrows \
move the brush (Ctrl: by ten), Enter uses the tool, Shift and an arrow paints.

# Keys

Right, Left, Home, End: next, previous, first, last image
Mouse wheel, + and -: zoom; 0: whole image; 1: one image pixel per screen pixel
Drag: move the image; drag with the right mouse button: window (more than 8 bits)
Ctrl+O, Ctrl+S: open, save the project
F4: check data; F5: train model; F6: paint labels; F1: this guide
Alt and an underlined letter: the button, field or menu; Enter: the button with the focus

# If something goes wrong

Messages say what failed and what you can do. Help > Open log folder shows the log files; attach \
them to a bug report. Changes that were not saved when the program was ended are offered at the \
next start. If memory is short, the program offers to start again with a smaller batch. If the \
disk is full, a training goes on and writes what is missing as soon as there is space.

# Patients' data

The program opens no network connection. Derived DICOM files keep patient, study and dates of \
their originals, as viewers need them; other outputs keep no text of them but names and units of \
axes. Outputs have the names of their inputs, and project files, evaluation tables and the \
window's settings hold names of files and folders: name these by pseudonyms before you pass them \
on. The log of a training names no person and no file; the logs in the log folder may name files.
"""
_PICTURE = 640
"""Width of the pictures in pixels at 100 per cent."""


class Guide(tk.Toplevel):
    """The guide's window."""

    def __init__(self, parent: tk.Misc) -> None:
        below = path_in_use(parent)
        super().__init__(parent)
        self.withdraw()
        self.title("Guide")
        theme = theme_of(self)
        self._theme = theme
        self._page = ReadingText(self, 84, 30, (22, 16), above=2, below=6)
        self._page.pack(fill="both", expand=True)
        self.text = self._page.text
        self._pictures: list[Any] = []
        self._write()
        self.bind("<Escape>", lambda _event: self.destroy())
        self._place(below)
        self.text.focus_set()

    @classmethod
    def open(cls, parent: tk.Misc) -> Guide:
        """Open the guide, or bring it to the front."""
        root = parent.nametowidget(".")
        guide: Guide | None = getattr(root, _OPEN, None)
        if guide is None or not guide.winfo_exists():
            guide = cls(parent)
            setattr(root, _OPEN, guide)
        guide.deiconify()
        guide.lift()
        return guide

    def _place(self, below: str) -> None:
        """Show it with most of the screen's height."""
        self.update_idletasks()
        width = min(self.winfo_reqwidth(), self.winfo_screenwidth())
        height = min(self.winfo_reqheight(), int(self.winfo_screenheight() * 0.86))
        self.geometry(f"{width}x{height}")
        place_over(self, below, width, height, self._theme.px(40), aside=True)
        self.deiconify()

    def _write(self) -> None:
        px, font = self._theme.px, self._theme.font
        self.text.tag_configure("chapter", font=font("chapter"), spacing1=px(20), spacing3=px(8))
        self.text.tag_configure("section", font=font("heading"), spacing1=px(14), spacing3=px(2))
        with self._page.rewritten() as text:
            for line in TEXT.splitlines():
                marks, _, heading = line.partition(" ")
                if line.startswith("["):
                    self._show_picture(line.strip("[]"))
                elif marks in _HEADINGS:
                    text.insert("end", heading + "\n", _HEADINGS[marks])
                elif line:
                    text.insert("end", line + "\n")

    def _show_picture(self, name: str) -> None:
        path = paths.assets() / name
        if not path.exists():
            return
        with Image.open(path) as image:
            side = self._theme.px(_PICTURE)
            picture = image.convert("RGB")
            picture.thumbnail((side, side), Image.Resampling.LANCZOS)
        self._pictures.append(ImageTk.PhotoImage(picture, master=self))
        self.text.image_create("end", image=self._pictures[-1])
        self.text.insert("end", "\n")
