package layout

// libraries are packages that only some may import.
var libraries = map[string][]string{
	"github.com/aclements/go-moremath/stats":  {"compare"},
	"github.com/spf13/cobra":                  {"cli", "flaghelp"},
	"github.com/spf13/pflag":                  {"cli", "configfile", "flaghelp"},
	"github.com/vbauerster/mpb/v8":            {"cli/terminal"},
	"github.com/HdrHistogram/hdrhistogram-go": {"measure"},
	"github.com/olekukonko/tablewriter":       {"report/text"},
	"github.com/redis/go-redis/v9":            {"server/ratelimit/redislimit"},
	"github.com/goccy/go-yaml":                {"configfile", "diagnose", "discover", "server/apikey"},
}

// withoutHTTP are packages that know nothing of HTTP: what is planned, what is saved, and what stores calls.
var withoutHTTP = []string{
	"schedule",
	"scenario",
	"traffic",
	"radio",
	"replay",
	"delivery",
	"delivery/sqldb",
	"report",
	"report/text",
	"capacity",
	"server/call",
	"server/sqlite",
	"server/postgres",
	"server/groupcommit",
	"server/listing",
	"server/cursor",
	"server/blob",
	"server/datadir",
	"server/retention",
	"server/late",
}
