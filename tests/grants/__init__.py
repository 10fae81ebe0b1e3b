"""Every AWS call that a test lets shipped code make, held against the grants of the template, and the reverse.

``recorder`` notes the calls, in the tests' own process (``in_process``) and in each emulated function (``emulated/``);
``needs`` says which permissions a call needs, and ``made_by_aws`` those of the calls that AWS makes for the stack.
``policies`` reads and evaluates the template's policies, ``check`` compares, and ``python -m tests.grants`` reports.
"""
