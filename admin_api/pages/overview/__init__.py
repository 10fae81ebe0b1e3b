"""The overview: what needs a person, what runs, and how well."""
