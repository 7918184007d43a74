package e2e_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// binary builds the CLI once, with the race detector if these tests have it:
// then most of it is compiled already.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "sirocco-e2e-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "sirocco")
	args := []string{"build", "-o", path}
	if underRace {
		args = append(args, "-race")
	}
	out, err := exec.Command("go", append(args, repo+"/cmd/sirocco")...).CombinedOutput()
	if err != nil {
		return "", errors.New(string(out))
	}
	return path, nil
})

func TestMain(m *testing.M) {
	status := m.Run()
	if path, err := binary(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(status)
}

// cli is the binary with a store, a home and an environment of its own.
type cli struct {
	t     *testing.T
	dir   string
	store string
	env   []string
}

func newCLI(t *testing.T, cloudsYAML string) *cli {
	t.Helper()
	if _, err := binary(); err != nil {
		t.Fatal(err)
	}
	c := &cli{t: t, dir: t.TempDir()}
	c.store = filepath.Join(c.dir, "store.db")
	c.env = []string{
		"HOME=" + c.dir, "XDG_STATE_HOME=" + c.dir, "XDG_CONFIG_HOME=" + c.dir, "PATH=" + os.Getenv("PATH"),
		"SIROCCO_STORE=" + c.store, "OS_CLIENT_CONFIG_FILE=" + c.write("clouds.yaml", cloudsYAML),
	}
	return c
}

func (c *cli) write(name, text string) string {
	c.t.Helper()
	path := filepath.Join(c.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
	return path
}

// ran is what a command did.
type ran struct {
	status         int // -1: killed
	stdout, stderr string
}

// start starts a command; the function that it returns waits for its end.
func (c *cli) start(args ...string) (*os.Process, func() ran) {
	c.t.Helper()
	path, _ := binary()
	cmd := exec.Command(path, args...)
	cmd.Env, cmd.Dir = c.env, c.dir
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	return cmd.Process, func() ran {
		_ = cmd.Wait() // the status tells
		return ran{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
	}
}

func (c *cli) run(args ...string) ran {
	c.t.Helper()
	_, wait := c.start(args...)
	return wait()
}

// json runs a command and decodes what it prints.
func (c *cli) json(args ...string) any {
	c.t.Helper()
	r := c.run(args...)
	v, err := value.Decode([]byte(r.stdout))
	if err != nil {
		c.t.Fatalf("%q: exit %d, no JSON: %v\n%s\n%s", args, r.status, err, r.stdout, r.stderr)
	}
	return v
}

// TestValidateBombs: a document that grows when it is read, or is nested
// without end, is refused at once and by name.
func TestValidateBombs(t *testing.T) {
	t.Parallel()
	c := newCLI(t, "clouds: {}\n")
	laughs := "version: '2.0'\na0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n"
	for i := range 12 {
		n := string(rune('a' + i))
		prev := "a0"
		if i > 0 {
			prev = string(rune('a'+i-1)) + "x"
		}
		laughs += n + "x: &" + n + "x [*" + prev + ", *" + prev + ", *" + prev + ", *" + prev + ", *" + prev + ", *" + prev + ", *" + prev + ", *" + prev + "]\n"
	}
	for name, file := range map[string]string{
		"laughs.yaml": laughs,
		"deep.yaml":   "version: '2.0'\nw:\n  tasks:\n    t:\n      action: std.echo\n      input:\n        output: " + string(bytes.Repeat([]byte("["), 200_000)) + "\n",
		"self.yaml":   "version: '2.0'\nw: &w\n  tasks: *w\n",
		"binary.yaml": "version: '2.0'\nw: \x00\x01\xff\xfe\n",
		"huge.yaml":   "version: '2.0'\n# " + string(bytes.Repeat([]byte("x"), 17<<20)) + "\n",
	} {
		r := c.run("validate", c.write(name, file))
		if r.status != 2 || r.stdout != "" || r.stderr == "" {
			t.Errorf("%s: exit %d, %q, %.300q; wanted 2 and an error", name, r.status, r.stdout, r.stderr)
		}
		if len(r.stderr) > 20_000 {
			t.Errorf("%s: %d bytes of errors", name, len(r.stderr))
		}
		wantWords(t, "the error", r.stderr, name)
	}
}
