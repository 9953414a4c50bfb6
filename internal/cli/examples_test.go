package cli

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"rdiostress/internal/testenv"
)

// The files for GitHub and GitLab do what they say as far as their scripts go: start a server, load it, and leave
// behind what they publish. Only what fetches and builds rdiostress is left out.
func TestExamplesForCI(t *testing.T) {
	bash := testenv.Program(t, "bash", "bash")
	testenv.Program(t, "curl", "curl")
	program := testenv.Build(t)
	judged := []int{exitOK, exitMissed, exitInconclusive}
	for name, scripts := range map[string]func(t *testing.T, file []byte) (script string, published []string){
		"github.yml": githubScript, "gitlab.yml": gitlabScript,
	} {
		t.Run(name, func(t *testing.T) {
			file, err := os.ReadFile(filepath.Join(examplesDir, "ci", name))
			if err != nil {
				t.Fatal(err)
			}
			script, published := scripts(t, file)
			free, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			free.Close()
			for _, change := range [][2]string{
				{"127.0.0.1:3000", free.Addr().String()},
				{"--duration 60s", "--duration 2s"},
				{"rdiostress/bin/rdiostress", program},
			} {
				if !strings.Contains(script, change[0]) {
					t.Fatalf("no %s in\n%s", change[0], script)
				}
				script = strings.ReplaceAll(script, change[0], change[1])
			}
			summary := filepath.Join(t.TempDir(), "summary.md")
			command := exec.Command(bash, "--noprofile", "--norc", "-eo", "pipefail", "-c",
				"trap 'kill $(jobs -p)' EXIT\n"+script)
			command.Dir = t.TempDir()
			command.Env = append(os.Environ(), "RDIOSTRESS_API_KEY=test-api-key",
				"GITHUB_ACTIONS=true", "GITHUB_STEP_SUMMARY="+summary)
			out, err := command.CombinedOutput()
			// A busy machine may miss a threshold, or be the limit itself.
			if code := command.ProcessState.ExitCode(); !slices.Contains(judged, code) {
				t.Fatalf("%v\n%s\n%s", err, script, out)
			}
			for _, name := range published {
				if info, err := os.Stat(filepath.Join(command.Dir, name)); err != nil || info.Size() == 0 {
					t.Errorf("%s: %v, %v", name, info, err)
				}
			}
			if text, err := os.ReadFile(summary); err != nil || !bytes.Contains(text, []byte("## ")) {
				t.Errorf("summary: %v\n%s", err, text)
			}
		})
	}
}

// githubScript returns what the steps of a job run, after rdiostress has been built, and the files that it uploads.
func githubScript(t *testing.T, file []byte) (script string, published []string) {
	var workflow struct {
		Jobs map[string]struct {
			Steps []struct {
				Name, Run string
				With      map[string]string
			}
		}
	}
	if err := yaml.Unmarshal(file, &workflow); err != nil {
		t.Fatal(err)
	}
	for _, step := range workflow.Jobs["load"].Steps {
		if step.Name != "Build rdiostress" {
			script += step.Run + "\n"
		}
		if strings.HasPrefix(step.Name, "Keep") {
			published = strings.Fields(step.With["path"])
		}
	}
	return script, published
}

// gitlabScript is githubScript for a job of GitLab.
func gitlabScript(t *testing.T, file []byte) (script string, published []string) {
	var pipeline struct {
		Load struct {
			Script    []string
			Artifacts struct {
				Paths   []string
				Reports map[string]string
			}
		}
	}
	if err := yaml.Unmarshal(file, &pipeline); err != nil {
		t.Fatal(err)
	}
	load := pipeline.Load
	return strings.Join(load.Script, "\n"), append(load.Artifacts.Paths, load.Artifacts.Reports["junit"])
}
