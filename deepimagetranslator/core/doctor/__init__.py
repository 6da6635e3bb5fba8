"""The data doctor: what is wrong with a project's images, and what mends it.

How it is used, by the command line and the window alike::

    dataset, matched, problems = core.dataset.examine(specs, report, control, folder)
    for problem in problems:          # grouped: kinds.TITLES[problem.kind]
        problem.message, problem.files, problem.fatal
        if problem.repair:            # problem.repair.label is what a button says
            specs = core.doctor.repairs.repaired(specs, problem.repair)

``examine`` reads each file once; what it saw is remembered (``facts.facts_of``), so that examining
again after a repair takes no time. Repairs change the project only, never a file on disk.

- ``facts``: what one file says, small whatever the image's size.
- ``case``: everything that a finding may look at.
- ``pairs``, ``contents``, ``splits``, ``machine``: the findings, by idea.
- ``fit``, ``likeness``: whether inputs and targets show the same things in the same places.
- ``findings``: all of them in order; ``kinds``: their names in words.
- ``repairs``: ``repaired(specs, repair)``; ``with_pairs(data, train, val)`` stores pairs that were
  mended by hand.

For the table of pairs: ``core.dataset.match(data)`` gives ``Matched`` with ``train_pairing`` and
``val_pairing``, each a ``core.pairs.Pairing``: ``pairs``, ``confidences`` (one a pair: "certain",
"likely", "doubtful"), ``rule`` in words, ``unmatched_inputs`` and ``unmatched_targets``.

For the dialog of splitting: ``core.groups.group_names(files, pattern)`` gives (file, group) as the
user types, ``core.groups.split_by_group(pairs, fraction, pattern, seed, by)`` a ``Split``, and
``core.dataset.with_split(data, split)`` the choices with it.

A new finding is a generator from a ``Case`` to ``Problem``s, in ``findings.FINDINGS``, with a title
in ``kinds.TITLES``. What it needs to know of a file becomes a field of ``facts.FileFacts``, which
``facts.read_facts`` fills; what it needs to know of a set is gathered in ``survey.Survey.add``.
"""
