"""Pure functions: records and balances of a meter → its use and cost in every hour."""
