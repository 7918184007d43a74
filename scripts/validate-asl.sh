#!/usr/bin/env bash
# scripts/validate-asl.sh: asl-validator over every definition there is: those of
# statemachines/, compiled anew, those of the golden files of the compiler's tests,
# and those that the workflows of testdata/mistral compile to.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for file in statemachines/*.yaml; do
	bin/sirocco compile "$file" -o "$work"
done
for archive in shared/compile/testdata/*.txtar; do
	awk -v prefix="$work/$(basename "$archive" .txtar)." '
		/^-- .* --$/ {
			name = $2
			gsub("/", ".", name)
			out = name ~ /\.asl\.json$/ ? prefix name : ""
			next
		}
		out != "" { print > out }' "$archive"
done

# The recorded workflows; what is refused has no definition.
for archive in testdata/mistral/*.txtar; do
	name=$(basename "$archive" .txtar)
	mkdir "$work/$name"
	awk -v dir="$work/$name/" '
		/^-- .* --$/ { out = $2 ~ /^[a-z_]+\.yaml$/ ? dir $2 : ""; next }
		out != "" { print > out }' "$archive"
	if bin/sirocco compile "$work/$name"/*.yaml -o "$work/$name" 2>/dev/null; then
		for file in "$work/$name"/*.asl.json; do
			mv "$file" "$work/mistral.$name.$(basename "$file")"
		done
	fi
done
files=("$work"/*.asl.json statemachines/*.asl.json)
for n in 1 2 3; do
	status=0
	scripts/asl/validate.sh "${files[@]}" >"$work/log" || status=$?
	[ "$status" -ne 2 ] && break # 2: the validator could not be installed
	sleep $((n * 5))
done
sed "s|$work/||" "$work/log"
echo "asl-validator: ${#files[@]} definitions"
exit "$status"
