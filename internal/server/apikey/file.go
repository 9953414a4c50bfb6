package apikey

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"rdiostress/internal/rdio"
	"rdiostress/internal/server/clientaddr"
	"rdiostress/internal/server/reload"
)

// minKeyBytes is the minimum length of a key in a file: shorter keys can be guessed.
const minKeyBytes = 8

// keyFile is a key file as it is written. Values are nodes, since YAML would change the text of many keys: it reads
// 0012345670123 as an octal number.
type keyFile struct {
	Keys []keyNodes `yaml:"keys"`
}

type keyNodes struct {
	Label      ast.Node   `yaml:"label"`
	Key        ast.Node   `yaml:"key"`
	SHA256     ast.Node   `yaml:"sha256"`
	Systems    []ast.Node `yaml:"systems"`
	Talkgroups []ast.Node `yaml:"talkgroups"`
	CIDRs      []ast.Node `yaml:"cidrs"`
	Expires    ast.Node   `yaml:"expires"`
}

// keyEntry is an entry of the file with its values as they are written.
type keyEntry struct {
	Label, Key, SHA256, Expires string
	Systems, Talkgroups, CIDRs  []string
	refused                     bool // YAML reads some value as another text than is written
}

// ReadFile reads a key file. Errors name the line and never contain a key.
func ReadFile(path string) ([]Key, error) {
	text, err := reload.ReadFile(path)
	if err != nil {
		return nil, err
	}
	keys, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return keys, nil
}

// Parse parses the text of a key file.
func Parse(text []byte) ([]Key, error) {
	tree, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, yamlError(err)
	}
	if len(tree.Docs) != 1 || tree.Docs[0].Body == nil {
		return nil, errors.New(`it must be one YAML document with a list "keys"`)
	}
	body := tree.Docs[0].Body
	if tags := ast.Filter(ast.TagType, body); len(tags) > 0 { // the library cannot handle tags everywhere
		line := tags[0].GetToken().Position.Line
		return nil, fmt.Errorf("line %d: a value that begins with ! is not read as it is written: "+
			"put it in quotes", line)
	}
	var file keyFile
	if err := yaml.NodeToValue(body, &file, yaml.Strict()); err != nil {
		return nil, yamlError(err)
	}
	if len(file.Keys) == 0 {
		return nil, errors.New(`it has no keys`)
	}
	c := &keyChecker{
		body: body, labels: make(map[string]bool, len(file.Keys)),
		sums: make(map[[sha256.Size]byte]bool, len(file.Keys)),
	}
	keys := make([]Key, len(file.Keys))
	for i, n := range file.Keys {
		c.at = i
		if e := c.entry(n); !e.refused {
			keys[i] = c.key(e)
		}
	}
	if more := c.faults - len(c.errs); more > 0 {
		c.errs = append(c.errs, fmt.Errorf("and %d more faults", more))
	}
	return keys, errors.Join(c.errs...)
}

// yamlError returns the library's error without the excerpt that it shows, which may contain a key.
func yamlError(err error) error {
	var located yaml.Error
	if errors.As(err, &located) && located.GetToken() != nil {
		return fmt.Errorf("line %d: %s", located.GetToken().Position.Line, plainYAML(err, located.GetMessage()))
	}
	return errors.New("it is not valid YAML")
}

// plainYAML describes an error without the names of Go types and without text from the file.
func plainYAML(err error, message string) string {
	switch {
	case errors.As(err, new(*yaml.UnknownFieldError)):
		return message + " (known are label, key, sha256, systems, talkgroups, cidrs, expires)"
	case errors.As(err, new(*yaml.SyntaxError)):
		return "this is not valid YAML: check the indentation and the quotes, and that no field is given twice"
	default:
		return "the value has the wrong type for this field"
	}
}

// keyChecker turns entries into keys and collects their faults.
type keyChecker struct {
	body   ast.Node
	at     int // index of the entry being read
	labels map[string]bool
	sums   map[[sha256.Size]byte]bool
	errs   []error
	faults int // total number of faults
}

// maxFaults is how many faults of a file are reported: finding the line of a fault takes longer with more entries.
const maxFaults = 20

// addFault records a fault with the line of the entry's field.
func (c *keyChecker) addFault(field, format string, args ...any) {
	if c.faults++; c.faults > maxFaults {
		return
	}
	line := 0
	for _, path := range []string{fmt.Sprintf("$.keys[%d].%s", c.at, field), fmt.Sprintf("$.keys[%d]", c.at)} {
		p, err := yaml.PathString(path)
		if err != nil {
			continue
		}
		if node, err := p.FilterNode(c.body); err == nil && node != nil {
			line = node.GetToken().Position.Line
			break
		}
	}
	c.errs = append(c.errs, fmt.Errorf("line %d: %s %s", line, field, fmt.Sprintf(format, args...)))
}

// entry reads the text values of an entry.
func (c *keyChecker) entry(n keyNodes) (e keyEntry) {
	text := func(field string, node ast.Node) string {
		text, err := writtenText(node)
		if err != nil {
			e.refused = true
			c.addFault(field, "%v", err)
		}
		return text
	}
	list := func(field string, nodes []ast.Node) (texts []string) {
		for _, node := range nodes {
			texts = append(texts, text(field, node))
		}
		return texts
	}
	e.Label, e.Key = text("label", n.Label), text("key", n.Key)
	e.SHA256, e.Expires = text("sha256", n.SHA256), text("expires", n.Expires)
	e.Systems, e.Talkgroups = list("systems", n.Systems), list("talkgroups", n.Talkgroups)
	e.CIDRs = list("cidrs", n.CIDRs)
	return e
}

// errNotAsWritten rejects a value that YAML would read as another text.
var errNotAsWritten = errors.New("is not read as it is written: put it in quotes, on one line")

// writtenText returns the text of a plain value as it is written in the file, whatever type YAML assigns to it. The
// text is empty if there is no value. It returns an error for a value whose text differs from what is written. The
// error does not contain the value, which may be a key.
func writtenText(node ast.Node) (string, error) {
	switch n := node.(type) {
	case nil:
		return "", nil
	case *ast.StringNode:
		kind, written := n.Token.Type, strings.TrimSpace(n.Token.Origin)
		if kind == token.StringType && written != n.Value { // lines that YAML joins into one
			return "", errNotAsWritten
		}
		return n.Value, nil
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, nil
	case *ast.MappingNode, *ast.MappingValueNode, *ast.SequenceNode:
		return "", errors.New("must be one value, not a list or a map")
	default: // blocks of lines, and other nodes without text of their own
		return "", errNotAsWritten
	}
}

func (c *keyChecker) key(e keyEntry) Key {
	k := Key{
		Label: e.Label, SHA256: c.sum(e), Systems: c.ranges("systems", e.Systems),
		Talkgroups: c.ranges("talkgroups", e.Talkgroups),
	}
	switch {
	case e.Label == "":
		c.addFault("label", "is missing")
	case c.labels[e.Label]:
		c.addFault("label", "%q is given twice", e.Label)
	}
	c.labels[e.Label] = true
	for _, s := range e.CIDRs {
		net, err := clientaddr.ParseNetwork(s)
		if err != nil {
			c.addFault("cidrs", "has %q, which is not a network such as 10.1.0.0/16", s)
		}
		k.From = append(k.From, net)
	}
	if e.Expires != "" {
		var err error
		if k.Expires, err = parseExpiry(e.Expires); err != nil {
			c.addFault("expires", "is %q, which is neither a date such as 2027-01-31 nor an RFC 3339 time", e.Expires)
		}
	}
	return k
}

// sum returns the hash of the entry's key.
func (c *keyChecker) sum(e keyEntry) (sum [sha256.Size]byte) {
	switch {
	case e.Key != "" && e.SHA256 != "":
		c.addFault("sha256", "and key are both given; one is enough")
	case e.Key == "" && e.SHA256 == "":
		c.addFault("key", "is missing; give it, or its hash as sha256")
	case e.Key != "" && len(e.Key) < minKeyBytes:
		c.addFault("key", "is shorter than %d bytes", minKeyBytes)
	case e.Key != "":
		sum = sha256.Sum256([]byte(e.Key))
	default:
		b, err := hex.DecodeString(e.SHA256)
		if err != nil || len(b) != len(sum) {
			c.addFault("sha256", "is not a SHA-256 of 64 hexadecimal digits")
			return sum
		}
		copy(sum[:], b)
	}
	if c.sums[sum] && sum != [sha256.Size]byte{} {
		c.addFault("label", "%q has the key of another entry", e.Label)
	}
	c.sums[sum] = true
	return sum
}

// ranges parses a list of numbers and ranges such as 1001-1400.
func (c *keyChecker) ranges(field string, list []string) []IDRange {
	var ranges []IDRange
	for _, text := range list {
		parsed, err := parseRange(text)
		if err != nil {
			c.addFault(field, "%v", err)
			continue
		}
		ranges = append(ranges, parsed)
	}
	return ranges
}

// parseRange parses a number or a range such as 1001-1400.
func parseRange(text string) (IDRange, error) {
	first, last, isRange := strings.Cut(text, "-")
	if !isRange {
		last = first
	}
	from, err := strconv.ParseInt(first, 10, 64)
	to, err2 := strconv.ParseInt(last, 10, 64)
	if err != nil || err2 != nil || from < 1 || to < from || to > rdio.MaxID {
		return IDRange{}, fmt.Errorf("has %q, which is neither a number nor a range such as 1001-1400", text)
	}
	return IDRange{from, to}, nil
}

// parseExpiry parses when a key expires. A date means the end of that day in UTC.
func parseExpiry(s string) (time.Time, error) {
	if day, err := time.Parse(time.DateOnly, s); err == nil {
		return day.AddDate(0, 0, 1), nil
	}
	return time.Parse(time.RFC3339, s)
}
