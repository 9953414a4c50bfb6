package measure

// Priming is what it took to have the server learn the run's talkgroups before the run began. Its calls are in no other
// figure. A talkgroup here is a system and a talkgroup together.
type Priming struct {
	Talkgroups  uint64  `json:"talkgroups"`             // that the run was to use
	KnownBefore *uint64 `json:"known_before,omitempty"` // of these, known before; absent where that was not seen
	Calls       uint64  `json:"calls"`                  // sent to have it learn the others
	Accepted    uint64  `json:"accepted"`               // of the calls
	Stored      *uint64 `json:"stored,omitempty"`       // of the calls; absent where that was not seen
	// Of the talkgroups, when the run began; absent where that was not seen.
	NotKnown  *uint64 `json:"not_known,omitempty"`
	LeftOut   uint64  `json:"left_out,omitempty"` // of these, default ones that the run did without
	DurationS float64 `json:"duration_s"`
	TimeUp    bool    `json:"time_up,omitempty"` // it ended by its time limit
	Refused   string  `json:"refused,omitempty"` // the first reply that was no acceptance
	Unseen    string  `json:"unseen,omitempty"`  // what could not be seen, and why

	// UsualS is how long calls of talkgroups took that had been learned, from sending one until it was stored: their
	// median.
	UsualS    *float64       `json:"usual_s,omitempty"`
	UsualMaxS *float64       `json:"usual_max_s,omitempty"` // the longest of them
	Learning  []LearningCost `json:"learning,omitempty"`    // in the order of the calls
}

// LearningCost is how long the first calls of some talkgroups took to be stored, from sending each.
type LearningCost struct {
	// Talkgroups that the server had when the first of these came, as far as seen.
	Known      uint64  `json:"known"`
	Talkgroups uint64  `json:"talkgroups"` // these
	MeanS      float64 `json:"mean_s"`
}
