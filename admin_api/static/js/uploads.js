// Placeholder that the upload page replaces.
