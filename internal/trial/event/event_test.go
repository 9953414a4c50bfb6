package event

import "testing"

// Only an event that describes a state is replaced by a later one: all others happen once.
func TestReplaceable(t *testing.T) {
	for _, e := range []Event{
		Preparing{},
		AwaitingStart{},
		StorageFound{},
		WindowLearned{},
		PrimingBegan{},
		Primed{},
		Planned{},
		Warning{},
		StorageUnreadable{},
		WindowIgnored{},
		TalkgroupsUnknown{},
		FewUniqueCalls{},
		Started{},
		PhaseBegan{},
		AlertChanged{},
		MemoryAlert{},
		HourEnded{},
		ServerKilled{},
		ServerAnswered{},
		Draining{},
		Sent{},
		AwaitingMischief{},
		Accounted{},
		Done{},
	} {
		if _, ok := e.(Replaceable); ok {
			t.Errorf("%T would be lost on a slow observer", e)
		}
	}
	for _, e := range []Event{PrimingProgress{}, Second{}, AwaitingStorage{}} {
		if _, ok := e.(Replaceable); !ok {
			t.Errorf("each %T waits for a slow observer", e)
		}
	}
}
