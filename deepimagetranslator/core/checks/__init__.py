"""The data check: what is wrong with a project's images, and what repairs it.

``examination.examine`` reads each file once and returns the data set, the pairs and the problems;
``repairs.repaired`` changes the project, never a file on disk. A new check is a generator from a
``CheckContext`` to ``Problem``s in ``findings.FINDINGS``, with a title in ``kinds.TITLES``. Facts
about one file that it needs are fields of ``data.facts.FileFacts``; facts about a set are gathered
in ``data.statistics``.
"""
