package measure

// DecodeHistogram returns a histogram from its V2 compressed encoding, as base64. All values, also mean and maximum,
// have the significant digits of the encoding.
func DecodeHistogram(encoded string) (*Histogram, error) {
	h := NewHistogram()
	if err := h.decode(encoded); err != nil {
		return nil, err
	}
	return h, nil
}
