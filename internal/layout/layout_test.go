package layout

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	maxFiles    = 45  // files of a package, without tests
	maxExported = 65  // package-level exported names
	maxColumns  = 120 // of a line, a tab counting 4
)

// A goPackage is what "go list -json" says of a package.
type goPackage struct {
	Dir, ImportPath         string
	Imports                 []string
	GoFiles, IgnoredGoFiles []string
}

// room is the name of a package as the table of rooms has it.
func (p goPackage) room() string { return strings.TrimPrefix(p.ImportPath, "rdiostress/internal/") }

// files are the Go files of p without tests, for all platforms.
func (p goPackage) files() []string {
	all := slices.Concat(p.GoFiles, p.IgnoredGoFiles)
	return slices.DeleteFunc(all, func(name string) bool { return strings.HasSuffix(name, "_test.go") })
}

// list returns the packages of internal.
func list(t *testing.T) []goPackage {
	t.Helper()
	fields := "-json=Dir,ImportPath,Imports,GoFiles,IgnoredGoFiles"
	list := exec.Command("go", "list", fields, "rdiostress/internal/...")
	list.Env = append(os.Environ(), "GOOS=linux") // the table is that of Linux, wherever it is tested
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var packages []goPackage
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
	if len(packages) < 30 {
		t.Fatalf("go list names only %d packages", len(packages))
	}
	return packages
}

// A package imports only what stands for it in the table, and every entry of the table is in use.
func TestImportsRunDown(t *testing.T) {
	may := readTable(t)
	seen := map[string]bool{}
	for _, p := range list(t) {
		name := p.room()
		seen[name] = true
		if _, ok := may[name]; !ok {
			t.Errorf("package %s is not in the table", name)
			continue
		}
		imports := p.ours()
		for _, imported := range imports {
			if !slices.Contains(may[name], imported) {
				t.Errorf("%s imports %s: not in the table", name, imported)
			}
		}
		for _, allowed := range may[name] {
			if !slices.Contains(imports, allowed) {
				t.Errorf("%s does not import %s any more: take it out of the table", name, allowed)
			}
		}
	}
	for name := range may {
		if !seen[name] {
			t.Errorf("package %s of the table does not exist", name)
		}
	}
}

// readTable returns the table in testdata: a package on each line, and which it may import, all of which stand above
// it. Indented lines continue the one before.
func readTable(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("testdata/imports.txt")
	if err != nil {
		t.Fatal(err)
	}
	may := map[string][]string{}
	var name string
	for line := range strings.Lines(string(text)) {
		imports := strings.TrimRight(line, "\n")
		switch {
		case imports == "" || imports[0] == '#':
			continue
		case imports[0] != ' ':
			name, imports, _ = strings.Cut(imports, ":")
			may[name] = nil
		}
		for _, imported := range strings.Fields(imports) {
			if _, above := may[imported]; !above || imported == name {
				t.Errorf("the table lets %s import %s, which does not stand above it", name, imported)
			}
			may[name] = append(may[name], imported)
		}
	}
	return may
}

// ours are the packages of internal that p imports.
func (p goPackage) ours() []string {
	var names []string
	for _, path := range p.Imports {
		if name, ok := strings.CutPrefix(path, "rdiostress/internal/"); ok {
			names = append(names, name)
		}
	}
	return names
}

// What only some packages may know: flags, HTTP, histograms, databases.
func TestWhoMayImportLibraries(t *testing.T) {
	used := map[string]bool{}
	for _, p := range list(t) {
		for _, path := range p.Imports {
			allowed, ok := libraries[path]
			if !ok {
				continue
			}
			used[path] = true
			if !slices.Contains(allowed, p.room()) {
				t.Errorf("%s imports %s, which is for %s", p.room(), path, strings.Join(allowed, ", "))
			}
		}
	}
	for path := range libraries {
		if !used[path] {
			t.Errorf("no package imports %s", path)
		}
	}
}

func TestWhoKnowsNothingOfHTTP(t *testing.T) {
	tested := 0
	for _, p := range list(t) {
		if !slices.Contains(withoutHTTP, p.room()) {
			continue
		}
		tested++
		if slices.Contains(p.Imports, "net/http") {
			t.Errorf("%s imports net/http", p.room())
		}
	}
	if tested != len(withoutHTTP) {
		t.Errorf("%d of %d packages exist", tested, len(withoutHTTP))
	}
}

func TestPackagesAreSmall(t *testing.T) {
	for _, p := range list(t) {
		if n := len(p.files()); n > maxFiles {
			t.Errorf("%s has %d files; at most %d: divide it", p.room(), n, maxFiles)
		}
		if n := exported(t, p); n > maxExported && p.room() != "measure" {
			t.Errorf("%s has %d exported names; at most %d: divide it", p.room(), n, maxExported)
		}
	}
}

// exported counts the package-level exported names of p; a name that has one declaration for each platform counts once.
func exported(t *testing.T, p goPackage) int {
	t.Helper()
	names := map[string]bool{}
	count := func(id *ast.Ident) {
		if id.IsExported() {
			names[id.Name] = true
		}
	}
	for _, file := range p.sources(t) {
		for _, decl := range file.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil {
					count(d.Name)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					switch s := spec.(type) {
					case *ast.TypeSpec:
						count(s.Name)
					case *ast.ValueSpec:
						for _, id := range s.Names {
							count(id)
						}
					}
				}
			}
		}
	}
	return len(names)
}

func TestLinesAreShort(t *testing.T) {
	for _, dir := range []string{"../../cmd", "../../internal", "../../testdata", "../../bench"} {
		err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".go" {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			n := 0
			for line := range strings.Lines(string(text)) {
				n++
				line = strings.ReplaceAll(strings.TrimSuffix(line, "\n"), "\t", "    ")
				if columns := len([]rune(line)); columns > maxColumns {
					t.Errorf("%s:%d has %d columns; at most %d", filepath.ToSlash(path), n, columns, maxColumns)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
