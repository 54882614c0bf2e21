"""Building, copying and saving of recurrent networks."""
