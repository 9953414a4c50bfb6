package scenario

import (
	"fmt"
	"strings"
)

// Preset is the size of a typical network.
type Preset struct {
	Name       string
	Rate       float64 // calls per second in the busy hour
	Talkgroups int
	Units      int // radios of each talkgroup
	Sites      int
}

// Presets returns the presets to choose from.
//
// county: Butler County, Ohio had 1,087 transmissions an hour and some 2,800 radios in August 2010; a busy hour is two
// to three times the mean (estimate: 2.5). Cumberland County, Pennsylvania had 378 talkgroups on 16 sites in October
// 2009.
//
// metro: an estimate between the two others.
//
// statewide: Michigan's network had 12 million transmissions a month, 4.6 a second, on 248 sites in 2017; the busy hour
// as above. Talkgroups and radios are estimates.
func Presets() []Preset {
	return []Preset{
		{Name: "county", Rate: 2.5 * 1087 / 3600, Talkgroups: 378, Units: 7, Sites: 16},
		{Name: "metro", Rate: 3, Talkgroups: 1200, Units: 15, Sites: 40},
		{Name: "statewide", Rate: 2.5 * 4.6, Talkgroups: 4000, Units: 20, Sites: 248},
	}
}

// FindPreset returns the preset with a name.
func FindPreset(name string) (Preset, error) {
	var names []string
	for _, p := range Presets() {
		if p.Name == name {
			return p, nil
		}
		names = append(names, p.Name)
	}
	return Preset{}, fmt.Errorf("unknown preset %q; known: %s", name, strings.Join(names, ", "))
}
