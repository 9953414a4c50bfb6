package radio

// Talkgroup is the description of a talkgroup by a system's administrator.
type Talkgroup struct {
	Label  string   // short, as receivers show it
	Name   string   // in full
	Tag    string   // kind of use
	Groups []string // the agency; always one
}

// Describe returns a plausible county description of talkgroup number n: an agency of one of its districts and a
// channel of that agency. It repeats after namedTalkgroups numbers.
func Describe(n int64) Talkgroup {
	i := int((n - 1) % namedTalkgroups)
	a := &agencies[i%len(agencies)]
	ch := channels[a.use][i/len(agencies)%channelsPerAgency]
	district := districts[i/len(agencies)/channelsPerAgency]
	return Talkgroup{
		Label:  district + " " + a.short + " " + ch.short,
		Name:   district + " " + a.name + " " + ch.name,
		Tag:    a.tag + ch.tag,
		Groups: []string{district + " " + a.name},
	}
}

const (
	channelsPerAgency = 10
	namedTalkgroups   = int64(len(agencies) * channelsPerAgency * len(districts))
)

// The districts of a fictional county.
var districts = [...]string{"Alder", "Briar", "Cedar", "Dover", "Elm", "Fern", "Grove", "Hazel", "Ivy", "Juniper"}

type use int

const (
	law use = iota
	fire
	medical
	service
)

// agencies are sorted with the busiest first, because consecutive numbers cycle through them, and the first talkgroups
// of a list are the popular ones. Tags are of the kind by which scanner listeners sort talkgroups.
var agencies = [...]struct {
	short, name, tag string
	use              use
}{
	{"SO", "Sheriff", "Law ", law},
	{"PD", "Police", "Law ", law},
	{"FD", "Fire", "Fire ", fire},
	{"EMS", "Ambulance", "EMS ", medical},
	{"HP", "Highway Patrol", "Law ", law},
	{"Bus", "Transit", "Transportation", service},
	{"DPW", "Public Works", "Public Works", service},
	{"PD2", "Police East", "Law ", law},
	{"FD2", "Fire North", "Fire ", fire},
	{"Sch", "School Buses", "Schools", service},
	{"Hosp", "Hospital", "Hospital", service},
	{"Jail", "County Jail", "Corrections", service},
	{"Water", "Water Works", "Utilities", service},
	{"Power", "Power and Light", "Utilities", service},
	{"Air", "Airport", "Aviation", service},
	{"Parks", "Parks", "Public Works", service},
	{"Court", "Courthouse", "Security", service},
	{"ACO", "Animal Control", "Public Works", service},
	{"EOC", "Emergency Management", "Emergency Ops", service},
	{"Mutual", "Mutual Aid", "Interop", service},
	{"Campus", "College", "Schools", service},
	{"Port", "Harbor", "Transportation", service},
	{"Wood", "Forestry", "Public Works", service},
	{"Rail", "Light Rail", "Transportation", service},
	{"Fair", "Fairgrounds", "Security", service},
}

// channels are the names of agencies' channels, by use; the first is the main one.
var channels = [...][channelsPerAgency]struct{ short, name, tag string }{
	law: {
		{"Disp", "Dispatch", "Dispatch"},
		{"Tac 2", "Tactical 2", "Tac"},
		{"Tac 3", "Tactical 3", "Tac"},
		{"Info", "Information", "Talk"},
		{"Det", "Detectives", "Talk"},
		{"Traf", "Traffic", "Talk"},
		{"K9", "Dog Handlers", "Talk"},
		{"Event", "Events", "Tac"},
		{"Admin", "Administration", "Talk"},
		{"C2C", "Car to Car", "Talk"},
	},
	fire: {
		{"Disp", "Dispatch", "Dispatch"},
		{"FG 2", "Fireground 2", "Tac"},
		{"FG 3", "Fireground 3", "Tac"},
		{"FG 4", "Fireground 4", "Tac"},
		{"Cmd", "Command", "Tac"},
		{"FG 6", "Fireground 6", "Tac"},
		{"Sta", "Stations", "Talk"},
		{"Insp", "Inspectors", "Talk"},
		{"Train", "Training", "Talk"},
		{"Haz", "Hazmat", "Tac"},
	},
	medical: {
		{"Disp", "Dispatch", "Dispatch"},
		{"Med 2", "Medical 2", "Tac"},
		{"Med 3", "Medical 3", "Tac"},
		{"ER", "Emergency Room", "Talk"},
		{"Sup", "Supervisors", "Talk"},
		{"Med 6", "Medical 6", "Tac"},
		{"Trans", "Transfers", "Talk"},
		{"Air", "Air Ambulance", "Tac"},
		{"Train", "Training", "Talk"},
		{"MCI", "Mass Casualty", "Tac"},
	},
	service: {
		{"Ops", "Operations", ""},
		{"Crew 2", "Crew 2", ""},
		{"Crew 3", "Crew 3", ""},
		{"Maint", "Maintenance", ""},
		{"Sup", "Supervisors", ""},
		{"Gate", "Gate", ""},
		{"Yard", "Yard", ""},
		{"Night", "Night Shift", ""},
		{"Admin", "Administration", ""},
		{"Spare", "Spare", ""},
	},
}
