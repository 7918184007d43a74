package main

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write what the scripts of testdata expect anew")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"sirocco": main})
}

// TestScripts runs testdata/script: the command line as a user has it, with
// exact stdout and stderr. Beside testscript's own commands there are
//
//	status N ARG...      run sirocco and expect exit status N
//	sandbox ARG...       start sirocco sandbox, wait until it serves, and set
//	                     OS_CLIENT_CONFIG_FILE to the clouds.yaml that it wrote
//	interrupt TEXT ARG...  run sirocco, send SIGINT once stderr has TEXT
//	norm                 put names in place of ids, times, ports and
//	                     directories in the last stdout and stderr
//	auth CLOUD VAR       set a variable to a cloud's auth URL
//	configure URL        write own/clouds.yaml out of own/clouds.tmpl
//	id VAR               set a variable to the first id of the last stdout
//	                     or stderr
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", filepath.Join(env.WorkDir, "home"))
			env.Setenv("XDG_STATE_HOME", filepath.Join(env.WorkDir, "state"))
			env.Setenv("XDG_CONFIG_HOME", filepath.Join(env.WorkDir, "config"))
			env.Setenv("TZ", "UTC")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status": cmdStatus, "sandbox": cmdSandbox, "interrupt": cmdInterrupt, "norm": cmdNorm, "id": cmdID,
			"auth": cmdAuth, "configure": cmdConfigure,
		},
	})
}

// command is sirocco in the script's directory and environment.
func command(ts *testscript.TestScript, args []string) *exec.Cmd {
	cmd := exec.Command("sirocco", args...)
	cmd.Dir = ts.MkAbs(".")
	// With the race detector a process would wait a second before it ends.
	cmd.Env = append(withoutClouds(os.Environ()), "PWD="+cmd.Dir, "GORACE=atexit_sleep_ms=0")
	for _, name := range scriptEnv {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	return cmd
}

// withoutClouds drops what the caller's own environment says of clouds.
func withoutClouds(env []string) []string {
	return slices.DeleteFunc(env, func(kv string) bool {
		return strings.HasPrefix(kv, "OS_") || strings.HasPrefix(kv, "SIROCCO_")
	})
}

// scriptEnv are the variables that a script may set for sirocco. An empty one
// is the same as none.
var scriptEnv = []string{
	"HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "TZ", "SIROCCO_STORE", "SIROCCO_OPEN_HOSTS", "SIROCCO_MULTI_CLOUD", "OS_CLIENT_CONFIG_FILE",
	"OS_CLOUD", "OS_REGION_NAME", "OS_AUTH_URL", "OS_USERNAME", "OS_PASSWORD", "OS_PROJECT_NAME", "OS_PROJECT_ID",
	"OS_TOKEN", "OS_USER_DOMAIN_NAME", "OS_PROJECT_DOMAIN_NAME", "OS_INTERFACE", "OS_CACERT",
}

func cmdStatus(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: status N ARG...")
	}
	cmd := command(ts, args[1:])
	if in := ts.MkAbs("stdin"); exists(in) {
		f, err := os.Open(in)
		ts.Check(err)
		defer f.Close()
		cmd.Stdin = f
	}
	cmd.Stdout, cmd.Stderr = ts.Stdout(), ts.Stderr()
	expect(ts, cmd.Run(), args[0])
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func expect(ts *testscript.TestScript, err error, status string) {
	got := 0
	if e := (*exec.ExitError)(nil); errors.As(err, &e) {
		got = e.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if fmt.Sprint(got) != status {
		ts.Fatalf("exit status %d, want %s", got, status)
	}
}

// cmdSandbox serves until the script ends.
func cmdSandbox(ts *testscript.TestScript, _ bool, args []string) {
	config := ts.MkAbs("clouds.yaml")
	cmd := command(ts, append([]string{"sandbox", "-o", config}, args...))
	stderr, err := cmd.StderrPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	ts.Defer(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_, _ = io.Copy(io.Discard, stderr)
		_ = cmd.Wait()
	})
	readUntil(ts, stderr, ts.Stderr(), "stop with")
	ts.Setenv("OS_CLIENT_CONFIG_FILE", config)
}

func readUntil(ts *testscript.TestScript, r io.Reader, w io.Writer, text string) {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		_, _ = io.WriteString(w, line)
		if strings.Contains(line, text) {
			return
		}
		if err != nil {
			ts.Fatalf("it ended before it wrote %q", text)
		}
	}
}

func cmdInterrupt(ts *testscript.TestScript, _ bool, args []string) {
	cmd := command(ts, args[1:])
	cmd.Stdout = ts.Stdout()
	r, w, err := os.Pipe()
	ts.Check(err)
	defer r.Close()
	cmd.Stderr = w
	ts.Check(cmd.Start())
	w.Close()
	readUntil(ts, byteReader{r}, ts.Stderr(), args[0])
	ts.Check(cmd.Process.Signal(os.Interrupt))
	_, err = io.Copy(ts.Stderr(), r)
	ts.Check(err)
	expect(ts, cmd.Wait(), "3")
}

// byteReader reads byte by byte, so that nothing is taken beyond a line.
type byteReader struct{ r io.Reader }

func (o byteReader) Read(p []byte) (int, error) { return o.r.Read(p[:min(1, len(p))]) }

var uuid = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// volatile is what differs from run to run, and what stands for it.
var volatile = []struct {
	find *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`(?m)^stopping: .*\n`), ""}, // only where a stop takes long
	{uuid, "ID"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`), "TIME"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`), "TIME"},
	{regexp.MustCompile(`\b\d\d:\d\d:\d\d\b`), "CLOCK"},
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "HOST"},
	{regexp.MustCompile(`\b\d+(\.\d+)?(µs|ms|s)\b`), "TOOK"},
	{regexp.MustCompile(`([^\s|]) {2,}`), "$1  "}, // columns are as wide as what was there
}

func cmdNorm(ts *testscript.TestScript, _ bool, _ []string) {
	clean := func(name string) string {
		s := strings.ReplaceAll(ts.ReadFile(name), ts.Getenv("WORK"), "$WORK")
		for _, v := range volatile {
			s = v.find.ReplaceAllString(s, v.with)
		}
		return s
	}
	out, err := clean("stdout"), clean("stderr")
	_, _ = io.WriteString(ts.Stdout(), out)
	_, _ = io.WriteString(ts.Stderr(), err)
}

func cmdID(ts *testscript.TestScript, _ bool, args []string) {
	out, err := ts.ReadFile("stdout"), ts.ReadFile("stderr")
	id := uuid.FindString(out + err)
	if id == "" {
		ts.Fatalf("there is no id in:\n%s%s", out, err)
	}
	ts.Setenv(args[0], id)
	_, _ = io.Copy(ts.Stdout(), bytes.NewBufferString(out)) // keep them for norm and cmp
	_, _ = io.WriteString(ts.Stderr(), err)
}

func cmdAuth(ts *testscript.TestScript, _ bool, args []string) {
	url := regexp.MustCompile(`http://[0-9.:]+/` + args[0] + `/\S+`).FindString(ts.ReadFile("clouds.yaml"))
	if url == "" {
		ts.Fatalf("clouds.yaml has no auth URL of cloud %s", args[0])
	}
	ts.Setenv(args[1], url)
}

func cmdConfigure(ts *testscript.TestScript, _ bool, args []string) {
	text := strings.ReplaceAll(ts.ReadFile("own/clouds.tmpl"), "AUTH_URL", args[0])
	ts.Check(os.WriteFile(ts.MkAbs("own/clouds.yaml"), []byte(text), 0o600))
}
