package actions

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

var zunHooks = map[string]hook{
	"zun.create":      zunCreate,
	"zun.get_archive": zunGetArchive,
	"zun.list":        zunList,
	"zun.logs":        zunLogs,
}

// zunCreate makes the body of a new container of the arguments that are given,
// null included. A file to bind goes as base64, and a container that is
// interactive has a terminal unless told otherwise.
func zunCreate(ctx context.Context, inv *invocation) (any, error) {
	body := value.NewMap(inv.call.Input.Len())
	for name, v := range inv.call.Input.All() {
		if _, own := inv.action.Param(name); own {
			body.Set(name, v)
		}
	}
	if mounts, ok := body.Get("mounts"); ok && value.Truth(mounts) {
		bound, err := bindMounts(mounts)
		if err != nil {
			return nil, err
		}
		body.Set("mounts", bound)
	}
	if interactive, ok := body.Get("interactive"); ok && !body.Has("tty") {
		body.Set("tty", interactive)
	}
	inv.args["@body"] = body
	return inv.perform(ctx)
}

// bindMounts encodes the sources of the mounts of type bind, which are the
// contents of files.
func bindMounts(mounts any) (any, error) {
	list, _ := mounts.([]any)
	list = slices.Clone(list)
	for i, e := range list {
		mount, ok := e.(*value.Map)
		if !ok {
			return nil, badArgument{"mounts", "must hold dictionaries, not " + value.Kind(e)}
		}
		if kind, _ := mount.Get("type"); kind != "bind" {
			continue
		}
		source, _ := mount.Get("source")
		content, ok := source.(string)
		if !ok {
			return nil, badArgument{"mounts", "must have the file's content as text under source where type is bind"}
		}
		bound, _ := merge(mount, value.MapOf("source", base64.StdEncoding.EncodeToString([]byte(content)))).(*value.Map)
		list[i] = bound
	}
	return list, nil
}

// zunList lists. A list that is filtered has another path, and fields count
// only where there is no limit.
func zunList(ctx context.Context, inv *invocation) (any, error) {
	for _, name := range []string{"limit", "marker", "sort_key", "sort_dir"} {
		if inv.args[name] != nil {
			inv.args["@filtered"] = true
		}
	}
	if inv.args["all_projects"] == true {
		inv.args["@filtered"], inv.args["@all_projects"] = true, int64(1)
	}
	if inv.args["limit"] == nil && inv.action.spec.varkw != "" {
		inv.args["@fields"] = inv.args[inv.action.spec.varkw]
	}
	return inv.perform(ctx)
}

// zunLogs asks for both streams where neither is wanted.
func zunLogs(ctx context.Context, inv *invocation) (any, error) {
	given := value.NewMap(inv.call.Input.Len())
	for name, v := range inv.call.Input.All() {
		if name != "id" && !inv.action.IsTargetParam(name) {
			given.Set(name, v)
		}
	}
	if stdout, _ := given.Get("stdout"); stdout == false {
		stderr, ok := given.Get("stderr")
		if !ok {
			return nil, badArgument{"stderr", "is required if stdout is false"}
		}
		if stderr == false {
			given.Set("stdout", true)
			given.Set("stderr", true)
		}
	}
	inv.args["@given"] = given
	return inv.perform(ctx)
}

// zunGetArchive decodes the archive: it is text if it is UTF-8, else it stays
// base64.
func zunGetArchive(ctx context.Context, inv *invocation) (any, error) {
	result, err := inv.perform(ctx)
	if err != nil {
		return nil, err
	}
	archive, _ := result.(*value.Map)
	v, _ := archive.Get("data")
	data, _ := v.(string)
	content, err := base64.StdEncoding.DecodeString(data)
	if err != nil || archive == nil {
		return nil, inv.badAnswer(fmt.Errorf("the answer's data is no base64"))
	}
	archive.Set("encoding", "base64")
	if utf8.Valid(content) {
		archive.Set("data", string(content))
		archive.Set("encoding", "utf-8")
	}
	return archive, nil
}
