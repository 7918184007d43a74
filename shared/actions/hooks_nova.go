package actions

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

var novaHooks = map[string]hook{
	"nova.find_image":      novaFindImage,
	"nova.servers_create":  novaServersCreate,
	"nova.servers_rebuild": novaServersRebuild,
}

var uuidLike = regexp.MustCompile(`^[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}$`)

// novaFindImage gives the image of an id, or the one of a name.
func novaFindImage(ctx context.Context, inv *invocation) (any, error) {
	c := inv.action.spec.choose(inv.args)
	if uuidLike.MatchString(pythonStr(inv.args["name_or_id"])) {
		return inv.get(ctx, c, c.then)
	}
	req, err := inv.build(c)
	if err != nil {
		return nil, err
	}
	body, err := inv.sendJSON(ctx, c.serviceType, req)
	if err != nil {
		return nil, err
	}
	found, err := unwrap(c.result, body)
	if err != nil {
		return nil, inv.badAnswer(err)
	}
	return inv.onlyOne(found)
}

// novaServersCreate makes the body of a new server, as the client's
// ServerManager._boot does.
func novaServersCreate(ctx context.Context, inv *invocation) (any, error) {
	body, err := serverBody(inv.args)
	if err != nil {
		return nil, err
	}
	inv.args["@body"] = body
	return inv.perform(ctx)
}

// serverFields are the arguments that go into the server's body under another
// name or the same, in the order of the client's body. Those marked always go
// out whenever they are not null, the others when they are true.
var serverFields = []struct {
	arg, field string
	always     bool
}{
	{"meta", "metadata", false}, {"reservation_id", "return_reservation_id", false}, {"key_name", "key_name", false},
	{"config_drive", "config_drive", false}, {"admin_pass", "adminPass", false},
	{"availability_zone", "availability_zone", false}, {"disk_config", "OS-DCF:diskConfig", true},
	{"access_ip_v4", "accessIPv4", true}, {"access_ip_v6", "accessIPv6", true},
	{"kwargs.description", "description", false}, {"kwargs.tags", "tags", false},
	{"trusted_image_certificates", "trusted_image_certificates", false}, {"host", "host", false},
	{"hypervisor_hostname", "hypervisor_hostname", false}, {"hostname", "hostname", false},
}

func serverBody(args arguments) (*value.Map, error) {
	if value.Truth(args["files"]) {
		return nil, badArgument{"files", "is not accepted since microversion 2.57; use userdata"}
	}
	server := value.MapOf("name", args["name"], "imageRef", "", "flavorRef", pythonStr(args["flavor"]))
	if value.Truth(args["image"]) {
		server.Set("imageRef", pythonStr(args["image"]))
	}
	if value.Truth(args["userdata"]) {
		data, err := encoded(args["userdata"])
		if err != nil {
			return nil, badArgument{"userdata", err.Error()}
		}
		server.Set("user_data", data)
	}
	for _, f := range serverFields {
		if v := args[f.arg]; value.Truth(v) || f.always && v != nil {
			server.Set(f.field, v)
		}
	}
	if err := setCounts(server, args); err != nil {
		return nil, err
	}
	if value.Truth(args["security_groups"]) {
		groups, _ := filters["names"](args["security_groups"])
		server.Set("security_groups", groups)
	}
	if err := setBlockDevices(server, args); err != nil {
		return nil, err
	}
	networks, err := serverNetworks(args["nics"])
	if err != nil {
		return nil, err
	}
	server.Set("networks", networks)
	body := value.MapOf("server", server)
	if value.Truth(args["scheduler_hints"]) {
		body.Set("os:scheduler_hints", args["scheduler_hints"])
	}
	return body, nil
}

// setCounts sets how many servers to make: at least one.
func setCounts(server *value.Map, args arguments) error {
	least, most := args["min_count"], args["max_count"]
	if !value.Truth(least) {
		least = int64(1)
	}
	if !value.Truth(most) {
		most = least
	}
	a, ok1 := asInt(least)
	b, ok2 := asInt(most)
	if !ok1 || !ok2 {
		return badArgument{"min_count", "and max_count must be integers"}
	}
	if a > b {
		least = most
	}
	server.Set("min_count", least)
	server.Set("max_count", most)
	return nil
}

// setBlockDevices sets the block devices, of the old or the new form. An image
// beside the new form becomes the first of them.
func setBlockDevices(server *value.Map, args arguments) error {
	if old, _ := args["block_device_mapping"].(*value.Map); old.Len() > 0 {
		devices, err := oldBlockDevices(old)
		if err != nil {
			return err
		}
		server.Set("block_device_mapping", devices)
		return nil
	}
	devices, _ := args["block_device_mapping_v2"].([]any)
	if len(devices) == 0 {
		return nil
	}
	if value.Truth(args["image"]) {
		devices = slices.Insert(slices.Clone(devices), 0, any(value.MapOf(
			"uuid", args["image"], "source_type", "image", "destination_type", "local",
			"boot_index", 0, "delete_on_termination", true)))
	}
	server.Set("block_device_mapping_v2", devices)
	return nil
}

// oldBlockDevices reads {device name: "id:type:size:delete on termination"}.
func oldBlockDevices(mapping *value.Map) ([]any, error) {
	var devices []any
	for device, v := range mapping.All() {
		s, ok := v.(string)
		if !ok {
			return nil, badArgument{"block_device_mapping", "must have strings as values, not " + value.Kind(v)}
		}
		parts := strings.Split(s, ":")
		d := value.MapOf("device_name", device)
		if len(parts) > 1 && strings.HasPrefix(parts[1], "snap") {
			d.Set("snapshot_id", parts[0])
		} else {
			d.Set("volume_id", parts[0])
		}
		if len(parts) > 2 && parts[2] != "" {
			size, err := strconv.Atoi(parts[2])
			if err != nil {
				return nil, badArgument{"block_device_mapping", fmt.Sprintf("has a size that is no number: %q", s)}
			}
			d.Set("volume_size", strconv.Itoa(size))
		}
		if len(parts) > 3 {
			d.Set("delete_on_termination", parts[3])
		}
		devices = append(devices, d)
	}
	return devices, nil
}

// nicFields are the keys of a nic and what they are called in the API.
var nicFields = [...][2]string{{"net-id", "uuid"}, {"v4-fixed-ip", "fixed_ip"}, {"v6-fixed-ip", "fixed_ip"}, {"port-id", "port"}, {"tag", "tag"}}

// serverNetworks is the networks of a new server: the words auto and none, or a
// list. Since microversion 2.37 they must be given.
func serverNetworks(nics any) (any, error) {
	switch nics := nics.(type) {
	case string:
		if nics != "" {
			return nics, nil
		}
	case []any:
		networks := make([]any, 0, len(nics))
		for _, n := range nics {
			network, err := serverNetwork(n)
			if err != nil {
				return nil, err
			}
			networks = append(networks, network)
		}
		if len(networks) > 0 {
			return networks, nil
		}
	case nil:
	default:
		return nil, badArgument{"nics", "must be auto, none or a list, not " + value.Kind(nics)}
	}
	return nil, badArgument{"nics", `is required: "auto", "none" or a list such as [{"net-id": ID}]`}
}

func serverNetwork(nic any) (*value.Map, error) {
	m, ok := nic.(*value.Map)
	if !ok {
		return nil, badArgument{"nics", "must hold dictionaries, not " + value.Kind(nic)}
	}
	network := value.NewMap(2)
	for _, f := range nicFields {
		v, _ := m.Get(f[0])
		if !value.Truth(v) {
			continue
		}
		if network.Has(f[1]) {
			return nil, badArgument{"nics", "may have only one of v4-fixed-ip and v6-fixed-ip"}
		}
		network.Set(f[1], v)
	}
	return network, nil
}

// novaServersRebuild adds the optional fields of a rebuild. Here a null counts:
// it takes the server's value away.
func novaServersRebuild(ctx context.Context, inv *invocation) (any, error) {
	kwargs, _ := inv.args["kwargs"].(*value.Map)
	more := value.NewMap(kwargs.Len())
	for _, name := range []string{"description", "key_name", "trusted_image_certificates", "hostname", "userdata"} {
		v, ok := kwargs.Get(name)
		if !ok {
			continue
		}
		if name == "userdata" {
			name = "user_data"
			var err error
			if v, err = encoded(v); err != nil {
				return nil, badArgument{"userdata", err.Error()}
			}
		}
		more.Set(name, v)
	}
	inv.args["@more"] = more
	return inv.perform(ctx)
}
