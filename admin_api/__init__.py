"""The operators' console: what happened to the order files, why, and what to do about it.

Seven packages tell the story of a request: ``web`` lets it in (headers, sign-in, errors), a page of ``pages`` or a call
of ``api`` answers it, ``monitoring`` reads CloudWatch and X-Ray for it, ``actions`` does what it asks for, and
``rendering`` makes HTML, SVG and CSV of the answer. ``wiring`` holds settings and collaborators, ``static`` the files.
"""
