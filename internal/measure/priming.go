package measure

// Priming describes how the server learned the run's talkgroups before the run began. Its calls are in no other figure.
// A talkgroup here is a system and a talkgroup together.
type Priming struct {
	Talkgroups  uint64  `json:"talkgroups"`             // talkgroups of the run
	KnownBefore *uint64 `json:"known_before,omitempty"` // of these, known before; absent if not observed
	Calls       uint64  `json:"calls"`                  // sent to teach the others
	Accepted    uint64  `json:"accepted"`               // accepted calls
	Stored      *uint64 `json:"stored,omitempty"`       // stored calls; absent if not observed
	// Talkgroups known when the run began; absent if not observed.
	NotKnown  *uint64 `json:"not_known,omitempty"`
	LeftOut   uint64  `json:"left_out,omitempty"` // unknown default talkgroups that the run left out
	DurationS float64 `json:"duration_s"`
	TimeUp    bool    `json:"time_up,omitempty"` // the time limit ended it
	Refused   string  `json:"refused,omitempty"` // the first reply other than an acceptance
	Unseen    string  `json:"unseen,omitempty"`  // what could not be observed, and why

	// UsualS is the median time from sending a call to its storage, for talkgroups that had been learned.
	UsualS    *float64       `json:"usual_s,omitempty"`
	UsualMaxS *float64       `json:"usual_max_s,omitempty"` // the maximum
	Learning  []LearningCost `json:"learning,omitempty"`    // in the order of the calls
}

// LearningCost is how long the first calls of some talkgroups took to be stored, each from its sending.
type LearningCost struct {
	// Talkgroups that the server had when the first of these calls came, as far as observed.
	Known      uint64  `json:"known"`
	Talkgroups uint64  `json:"talkgroups"` // talkgroups in this group
	MeanS      float64 `json:"mean_s"`
}
