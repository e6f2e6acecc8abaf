"""What stands on the wire: frames, formats, close codes. No I/O."""
