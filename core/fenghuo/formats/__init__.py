"""Pure codecs between octets and the model: CAP, our own JSON, renditions. No clock, no disk, no network."""
