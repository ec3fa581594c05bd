"""Finding, choosing and watching the meters of an account."""
