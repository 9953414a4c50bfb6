package s3

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"rdiostress/internal/plain"
)

// ErrURL means that the URL of a bucket cannot be used.
var ErrURL = errors.New("the bucket's URL cannot be used")

// Location is where a bucket is, as its URL says.
type Location struct {
	Bucket   string
	Prefix   string // of the names of all objects; empty, or with a slash at its end
	Endpoint string // host, or host and port
	Plain    bool   // HTTP without TLS
	Region   string // empty if the object store knows it
	Profile  string // in the shared credentials file; empty if the usual places are searched
	Hosted   bool   // the bucket is part of the host's name, and not of the path
}

const defaultEndpoint = "s3.amazonaws.com"

var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// ParseLocation parses s3://bucket/prefix?endpoint=https://host:9000&region=us-east-1. A URL never has credentials. Its
// errors do not repeat the URL.
func ParseLocation(text string) (Location, error) {
	u, err := url.Parse(text)
	if err != nil {
		return Location{}, fmt.Errorf("%w: it is not a URL", ErrURL) // the error of Parse repeats the text
	}
	query, err := url.ParseQuery(u.RawQuery)
	switch {
	case err != nil:
		return Location{}, fmt.Errorf("%w: what follows the ? is not name=value", ErrURL)
	case u.Scheme != "s3" || u.Opaque != "" || u.Fragment != "":
		return Location{}, fmt.Errorf("%w: it is not of the form s3://bucket", ErrURL)
	case u.User != nil:
		return Location{}, fmt.Errorf("%w: it has credentials; they belong in AWS_ACCESS_KEY_ID and "+
			"AWS_SECRET_ACCESS_KEY, or in the credentials file", ErrURL)
	case !isBucket(u.Host):
		return Location{}, fmt.Errorf("%w: a bucket's name has 3 to 63 of a-z, 0-9, dots and hyphens", ErrURL)
	}
	loc := Location{Bucket: u.Host, Endpoint: defaultEndpoint, Hosted: true}
	if loc.Prefix, err = prefixOf(u.Path); err != nil {
		return Location{}, err
	}
	for name, values := range query {
		if len(values) != 1 || values[0] == "" {
			return Location{}, fmt.Errorf("%w: each parameter has one value", ErrURL)
		}
		if err := loc.set(name, values[0]); err != nil {
			return Location{}, err
		}
	}
	if text, ok := query["path-style"]; ok { // after the endpoint, which sets its default
		isPath, err := strconv.ParseBool(text[0])
		if err != nil {
			return Location{}, fmt.Errorf("%w: path-style is true or false", ErrURL)
		}
		loc.Hosted = !isPath
	}
	return loc, nil
}

// set sets what one parameter says.
func (loc *Location) set(name, value string) error {
	switch name {
	case "endpoint":
		return loc.setEndpoint(value)
	case "region":
		loc.Region = value
	case "profile":
		loc.Profile = value
	case "path-style":
	default:
		return fmt.Errorf("%w: it has parameters other than endpoint, region, profile and path-style", ErrURL)
	}
	return nil
}

// setEndpoint sets a host, with https unless the value says http. Other object stores than Amazon's hardly ever have a
// host name for each bucket.
func (loc *Location) setEndpoint(value string) error {
	if !strings.Contains(value, "://") {
		value = "https://" + value
	}
	u, err := url.Parse(value)
	if err != nil || u.Hostname() == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" ||
		u.Fragment != "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("%w: endpoint is a host and port, or http://host:port or https://host:port", ErrURL)
	}
	loc.Endpoint, loc.Plain = u.Host, u.Scheme == "http"
	loc.Hosted = u.Hostname() == "amazonaws.com" || strings.HasSuffix(u.Hostname(), ".amazonaws.com")
	return nil
}

func prefixOf(path string) (string, error) {
	path = strings.Trim(path, "/")
	if path == "" {
		return "", nil
	}
	for part := range strings.SplitSeq(path, "/") {
		if part == "" || part == "." || part == ".." || plain.Line(part, '?') != part {
			return "", fmt.Errorf("%w: the path has an empty part, a dot alone, or control characters", ErrURL)
		}
	}
	return path + "/", nil
}

func isBucket(name string) bool { return bucketName.MatchString(name) && !strings.Contains(name, "..") }

// String returns the bucket and the prefix, as a URL.
func (loc Location) String() string {
	return "s3://" + strings.TrimSuffix(loc.Bucket+"/"+loc.Prefix, "/")
}
