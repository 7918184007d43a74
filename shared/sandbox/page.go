package sandbox

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// window is the part of a list that one answer shows.
type window struct {
	from, to int
	full     bool // as many as asked for: there may be more
}

// window cuts n entries by limit and marker. find returns the place of a marker
// or -1. At most so many entries as most says go into one answer; 0 means no such bound.
func (c *call) window(n, most int, find func(marker string) int) (window, *apiError) {
	w := window{to: n}
	if marker := c.query.Get("marker"); marker != "" {
		at := find(marker)
		if at < 0 && c.svc.kind == "volume" {
			return w, fail(404, "", "Resource %s could not be found.", marker)
		}
		if at < 0 {
			return w, badRequest("marker [%s] not found", marker)
		}
		w.from = at + 1
	}
	limit := most
	if text := c.query.Get("limit"); text != "" {
		asked, err := strconv.Atoi(text)
		switch {
		case err != nil && c.svc.kind == "compute":
			return w, badRequest("Invalid input for query parameters limit. Value: %s. '%s' does not match '^[0-9]*$'", text, text)
		case err != nil:
			return w, badRequest("limit param must be an integer")
		case asked < 0:
			return w, badRequest("limit param must be positive")
		case asked == 0 && (c.svc.kind == "compute" || c.svc.kind == "network"):
		case asked == 0:
			w.to = w.from
			return w, nil
		case most == 0 || asked < most:
			limit = asked
		}
	}
	if limit > 0 && w.from+limit <= w.to {
		w.to, w.full = w.from+limit, true
	}
	return w, nil
}

// windowOf is window over records.
func (c *call) windowOf(recs []*record, most int) ([]*record, bool, *apiError) {
	w, e := c.window(len(recs), most, func(m string) int {
		return slices.IndexFunc(recs, func(r *record) bool { return r.id == m })
	})
	if e != nil {
		return nil, false, e
	}
	return recs[w.from:w.to], w.full, nil
}

// pageQuery is the query of the request with another marker.
func (c *call) pageQuery(marker string) string {
	q := maps.Clone(map[string][]string(c.query))
	q["marker"] = []string{marker}
	return url.Values(q).Encode()
}

// nextLink is the entry of a *_links list that leads to the next page.
func (c *call) nextLink(marker string) object {
	return object{"rel": "next", "href": c.requestURL() + "?" + c.pageQuery(marker)}
}

// requestURL is the URL that was asked for, without its query.
func (c *call) requestURL() string {
	_, rest, _ := strings.Cut(strings.TrimPrefix(c.req.URL.EscapedPath(), "/"), "/")
	_, base, _ := strings.Cut(strings.TrimPrefix(c.root, c.sb.base+"/"), "/")
	return c.root + strings.TrimPrefix("/"+rest, "/"+base)
}

// newestFirst returns a table's records, the last made first, that pass keep.
func newestFirst(t *table, keep func(*record) bool) []*record {
	out := make([]*record, 0, len(t.order))
	for i := len(t.order) - 1; i >= 0; i-- {
		if keep(t.order[i]) {
			out = append(out, t.order[i])
		}
	}
	return out
}

// sorted orders records by the query's sort_key and sort_dir where given, in the
// forms "sort_key=name&sort_dir=asc" and "sort=name:asc".
func (c *call) sorted(recs []*record, stamp func(*record, string) string) []*record {
	key, dir := c.query.Get("sort_key"), c.query.Get("sort_dir")
	if s := c.query.Get("sort"); s != "" {
		key, dir, _ = strings.Cut(strings.Split(s, ",")[0], ":")
	}
	if key == "" {
		return recs
	}
	out := slices.Clone(recs)
	slices.SortStableFunc(out, func(a, b *record) int {
		n := strings.Compare(stamp(a, key), stamp(b, key))
		if dir == "asc" || dir == "" && c.svc.kind == "network" {
			return n
		}
		return -n
	})
	return out
}

// field is a sort key for records that show all they have.
func field(r *record, key string) string {
	switch key {
	case "created_at":
		return r.created.Format("20060102150405.000000000")
	case "updated_at":
		return r.updated.Format("20060102150405.000000000")
	case "id", "uuid":
		return r.id
	}
	return str(r.f, key)
}
