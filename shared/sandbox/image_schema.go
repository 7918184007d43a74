package sandbox

import "strings"

// schemas are the attributes of Glance's documents with their types: "?" is or
// null, "[]" a list of texts. Clients check what they get against them.
var schemas = map[string]string{
	"image": "id string, name ?string, status string, visibility string, protected boolean, os_hidden boolean, checksum ?string, " +
		"os_hash_algo ?string, os_hash_value ?string, owner ?string, size ?integer, virtual_size ?integer, container_format ?string, " +
		"disk_format ?string, created_at string, updated_at string, tags [], direct_url string, min_ram integer, min_disk integer, self string, " +
		"file string, stores string, schema string, kernel_id ?string, ramdisk_id ?string, instance_uuid string, os_distro string, os_version string",
	"member":        "created_at string, image_id string, member_id string, schema string, status string, updated_at string",
	"task":          "id string, type string, status string, input ?object, result ?object, owner string, message string, expires_at ?string, created_at string, updated_at string, self string, schema string",
	"namespace":     "namespace string, display_name string, description string, visibility string, protected boolean, owner string, created_at string, updated_at string, self string, schema string, objects array, properties object, resource_type_associations array, tags array",
	"object":        "name string, description string, required [], properties object, created_at string, updated_at string, self string, schema string",
	"property":      "name string, title string, description string, type string, operators [], readonly boolean",
	"resource_type": "name string, prefix string, properties_target string, created_at string, updated_at string",
	"tag":           "name string, created_at string, updated_at string",
}

// schemaOf is GET /schemas/{name}: of one document, or of a list of them.
func schemaOf(c *call) (reply, error) {
	name := c.vars["name"]
	single := strings.TrimSuffix(name, "s")
	if name == "properties" {
		single = "property"
	}
	text, known := schemas[single]
	if !known {
		return reply{}, noRoute()
	}
	props := object{}
	for part := range strings.SplitSeq(text, ", ") {
		key, typ, _ := strings.Cut(part, " ")
		prop := object{"type": typ, "description": key}
		switch {
		case typ == "[]":
			prop["type"], prop["items"] = "array", object{"type": "string"}
		case typ[0] == '?':
			prop["type"] = []any{"null", typ[1:]}
		}
		props[key] = prop
	}
	one := object{"name": single, "properties": props}
	if single == "image" {
		one["additionalProperties"] = object{"type": "string"}
	}
	if name == single {
		return ok(one)
	}
	plural := name
	return ok(object{"name": plural, "properties": object{plural: object{"type": "array", "items": one}, "first": object{"type": "string"},
		"next": object{"type": "string"}, "schema": object{"type": "string"}}})
}
