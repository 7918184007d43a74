package actions

import (
	"context"
	"fmt"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// SSHCommand is what std.ssh runs on one host.
type SSHCommand struct {
	Command     string
	Host, User  string // host, or host:port
	Password    string // also of a private key that is locked
	PrivateKey  string // in OpenSSH's or PEM form
	KnownHosts  string // the text of a known_hosts file
	AnyHostKey  bool   // no host key is checked
	Gateway     string // the host by way of which Host is reached; empty: directly
	GatewayUser string
	MaxOutput   int64 // in bytes, of stdout and of stderr
}

// SSHResult is what a command gave.
type SSHResult struct {
	Stdout, Stderr string
	ExitCode       int
}

// stdSSH runs a command on one host, or on several one after the other. The
// result is what the command wrote, a list for several hosts. A command that
// fails fails the action, unless return_result_on_error is true: then each
// result is {stdout, stderr, exit_code}.
func stdSSH(ctx context.Context, inv *invocation) (any, error) {
	c, err := sshCommand(inv)
	if err != nil {
		return nil, err
	}
	run := inv.runner.options.SSH
	if run == nil || inv.runner.manager == nil {
		return nil, ActionFailed{Action: inv.action.Name, Message: "no SSH command can be run from here"}
	}
	hosts, ok := inv.args["host"].([]any)
	if !ok {
		hosts = []any{inv.args["host"]}
	}
	if len(hosts) == 0 {
		return nil, badArgument{"host", "must name a host"}
	}
	results := make([]any, len(hosts))
	for i, h := range hosts {
		c.Host = pythonStr(h)
		what := fmt.Sprintf("Failed to execute ssh cmd '%s' on %s: ", c.Command, c.Host)
		got, err := run(ctx, inv.runner.manager.DialContext, c)
		switch {
		case err != nil:
			return nil, inv.connectionFailed(ctx, what, err)
		case value.Truth(inv.args["return_result_on_error"]):
			results[i] = value.MapOf("stdout", got.Stdout, "stderr", got.Stderr, "exit_code", int64(got.ExitCode))
		case got.ExitCode != 0:
			return nil, inv.connectionFailed(ctx, what, fmt.Errorf("exit status %d, stderr: %s", got.ExitCode, got.Stderr))
		default:
			results[i] = got.Stdout
		}
	}
	if len(results) == 1 {
		return results[0], nil
	}
	return results, nil
}

func sshCommand(inv *invocation) (SSHCommand, error) {
	args := inv.args
	c := SSHCommand{
		Command: pythonStr(args["cmd"]), User: pythonStr(args["username"]), Password: textOr(args["password"], ""),
		PrivateKey: textOr(args["private_key"], ""), KnownHosts: textOr(args["known_hosts"], ""),
		AnyHostKey: value.Truth(args["any_host_key"]), MaxOutput: inv.runner.options.MaxResponse,
		Gateway: textOr(args["gateway_host"], ""), GatewayUser: textOr(args["gateway_username"], pythonStr(args["username"])),
	}
	switch {
	case value.Truth(args["private_key_filename"]) && c.PrivateKey == "":
		return c, badArgument{"private_key_filename", "names a file, and none is read here; give the key itself as private_key"}
	case value.Truth(args["proxy_command"]):
		return c, badArgument{"proxy_command", "is not run here; the gateway is connected to directly"}
	case c.Password == "" && c.PrivateKey == "":
		return c, badArgument{"private_key", "or password must be given"}
	case c.KnownHosts == "" && !c.AnyHostKey:
		return c, badArgument{"known_hosts", "must be given (lines of a known_hosts file), or any_host_key=true, which checks no host key"}
	}
	return c, nil
}
