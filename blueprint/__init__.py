"""What a Mission is and what happened to it: plain data and rules, pydantic only."""
