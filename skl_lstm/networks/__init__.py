"""What a recurrent network is: built from its settings, copied, saved, its weights as arrays."""
