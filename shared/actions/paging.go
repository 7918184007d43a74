package actions

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/openstack"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// A list is followed to its end, page by page; a page's body is gone before the
// next is asked for. The kinds of paging that tables name:
//
//	links    the answer's "<key>_links" holds the next page's address (nova, cinder)
//	whole    the same, but the result is the whole answer (neutron)
//	rel      the answer's "links" holds it, as the one whose rel is next (trove)
//	next     the answer's "next" is the next page's address (glance)
//	marker   another page is asked for while a limit is not reached (heat)
//	nested   the next page's address is "next" in the answer's "links" (designate)
//	header   the answer is a list, the next page's address is in its Link header (gnocchi)
//	offset   another page is asked for where one is as long as the service lets
//	         it be (manila, whose links lead back to the same page)
//
// Of a next page's address only the query is used: the page comes from where the
// first came, whatever host the answer names. An argument `limit` above 0 ends
// the list at that many.
const (
	pageLinks  = "links"
	pageWhole  = "whole"
	pageRel    = "rel"
	pageNext   = "next"
	pageMarker = "marker"
	pageNested = "nested"
	pageHeader = "header"
	pageOffset = "offset"
)

// offsetPage is how many items manila gives at most. Its lists that have no
// pages give more, or the same ones again.
const offsetPage = 1000

// maxPages is how many pages of a list are asked for. Those of designate, which
// has the smallest, hold 20 items.
const maxPages = 20_000

var errPageLoop = errors.New("the list's next page is one that was there before")

// pager collects the pages of one list.
type pager struct {
	kind  string
	key   string // of the items in an answer
	limit int    // 0: none
	items []any
	pages int
	last  *value.Map // the last answer, for a result that is the whole answer
	bare  bool       // the answer is a list itself
	split bool       // the result is the pages and not one answer
	link  string     // the Link header of the last answer
	seen  map[string]bool

	start, wanted int // the first query's own offset and limit
}

func newPager(c *call, args arguments) *pager {
	p := &pager{kind: c.page, key: c.result, seen: map[string]bool{}, items: []any{}}
	for _, name := range []string{"limit", "kwargs.limit"} {
		if n, ok := asInt(args[name]); ok && n > 0 && c.page != pageWhole {
			p.limit = n // of neutron's lists it is the size of a page
		}
	}
	if all, ok := args["retrieve_all"]; ok && c.page == pageWhole {
		p.split = !isTrue(all)
	}
	return p
}

func asInt(v any) (int, bool) {
	switch v := v.(type) {
	case int64:
		return int(v), true
	case bool:
		n, _ := bit(v)
		return int(n.(int64)), true
	case float64:
		return int(v), true
	case string:
		n, err := strconv.Atoi(v)
		return n, err == nil
	case *big.Int:
		return 0, false
	default:
		return 0, false
	}
}

// full reports whether the limit is reached.
func (p *pager) full() bool { return p.limit > 0 && len(p.items) >= p.limit }

// take adds a page. It returns the query of the next one, nil if there is none.
func (p *pager) take(body any, query url.Values) (url.Values, error) {
	p.pages++
	m, ok := body.(*value.Map)
	if list, isList := body.([]any); isList && (p.kind == pageWhole || p.kind == pageHeader) {
		p.items, p.bare = append(p.items, list...), true
		if p.kind == pageWhole || p.cutOff() {
			return nil, nil
		}
		return p.next(nil, list, query)
	}
	if !ok {
		return nil, fmt.Errorf("the answer is %s and not a dictionary with a list", value.Kind(body))
	}
	p.last = m
	if p.key == resultWhole {
		p.key = listKey(m)
	}
	v, has := m.Get(p.key)
	page, isList := v.([]any)
	if p.kind == pageWhole && !isList {
		return nil, nil // an answer without a list: it is the result as it is
	}
	if !has {
		return nil, fmt.Errorf("the answer has no %q", p.key)
	}
	if !isList && v != nil {
		return nil, fmt.Errorf("%q in the answer is %s and not a list", p.key, value.Kind(v))
	}
	if p.kind == pageOffset && p.pages > 1 && len(page) > 0 && value.Equal(page[0], p.items[0]) {
		return nil, nil // a list without pages
	}
	if p.split {
		p.items = append(p.items, m)
	} else {
		p.items = append(p.items, page...)
	}
	if p.cutOff() {
		return nil, nil
	}
	return p.next(m, page, query)
}

// cutOff ends the list at its limit, if it has come so far.
func (p *pager) cutOff() bool {
	if !p.full() {
		return false
	}
	p.items = p.items[:p.limit]
	return true
}

// next finds the query of the next page.
func (p *pager) next(m *value.Map, page []any, query url.Values) (url.Values, error) {
	var next url.Values
	switch p.kind {
	case pageMarker:
		next = p.nextByMarker(page, query)
	case pageOffset:
		next = p.nextByOffset(len(page), query)
	case pageNext:
		href, _ := m.Get("next")
		next = queryOf(href)
	case pageNested:
		links, _ := m.Get("links")
		link, _ := links.(*value.Map)
		href, _ := link.Get("next")
		next = queryOf(href)
	case pageHeader:
		next = queryOf(linkNext(p.link))
	case pageRel:
		next = nextLink(m, "links")
	default:
		next = nextLink(m, p.key+"_links")
	}
	if next == nil {
		return nil, nil
	}
	key := next.Encode()
	if p.seen[key] || key == query.Encode() {
		return nil, errPageLoop
	}
	p.seen[key] = true
	return next, nil
}

// nextLink finds the link to the next page in an answer's list of links.
func nextLink(m *value.Map, key string) url.Values {
	var next url.Values
	links, _ := m.Get(key)
	list, _ := links.([]any)
	for _, l := range list {
		link, _ := l.(*value.Map)
		if rel, _ := link.Get("rel"); rel == "next" {
			href, _ := link.Get("href")
			next = queryOf(href)
		}
	}
	return next
}

// nextByMarker asks for what a limit still lacks, after the last item.
func (p *pager) nextByMarker(page []any, query url.Values) url.Values {
	if p.limit == 0 || len(page) == 0 {
		return nil
	}
	last, _ := page[len(page)-1].(*value.Map)
	id, ok := last.Get("id")
	if !ok {
		return nil
	}
	next := url.Values{}
	for k, v := range query {
		next[k] = slices.Clone(v)
	}
	next.Set("marker", pythonStr(id))
	next.Set("limit", strconv.Itoa(p.limit-len(p.items)))
	return next
}

// linkNext is the address in a Link header whose relation is next (RFC 8288).
func linkNext(header string) string {
	for header != "" {
		var target, rest string
		_, rest, _ = strings.Cut(header, "<")
		target, rest, _ = strings.Cut(rest, ">")
		params, after, _ := strings.Cut(rest, "<")
		for param := range strings.FieldsFuncSeq(params, func(r rune) bool { return r == ';' || r == ',' }) {
			name, rel, _ := strings.Cut(strings.TrimSpace(param), "=")
			if strings.EqualFold(name, "rel") && slices.Contains(strings.Fields(strings.Trim(rel, `"`)), "next") {
				return target
			}
		}
		if after == "" {
			return ""
		}
		header = "<" + after
	}
	return ""
}

// nextByOffset asks for what stands behind the items of the pages so far, after
// a page of full length and as far as the query's own limit goes.
func (p *pager) nextByOffset(length int, query url.Values) url.Values {
	if p.pages == 1 {
		p.start, _ = strconv.Atoi(query.Get("offset"))
		p.wanted, _ = strconv.Atoi(query.Get("limit"))
	}
	if length != offsetPage || p.wanted > 0 && len(p.items) >= p.wanted {
		return nil
	}
	next := maps.Clone(query)
	if next == nil {
		next = url.Values{}
	}
	next.Set("offset", strconv.Itoa(p.start+len(p.items)))
	if p.wanted > 0 {
		next.Set("limit", strconv.Itoa(p.wanted-len(p.items)))
	}
	return next
}

func queryOf(href any) url.Values {
	s, ok := href.(string)
	if !ok || s == "" {
		return nil
	}
	u, err := url.Parse(s)
	if err != nil {
		return nil
	}
	return u.Query()
}

// listKey finds the key of an answer's list.
func listKey(m *value.Map) string {
	for k, v := range m.All() {
		if _, ok := v.([]any); ok && (len(k) < 6 || k[len(k)-6:] != "_links") {
			return k
		}
	}
	return ""
}

// result is the list, or for whole answers the answer with the whole list in it.
func (p *pager) result() any {
	if p.kind != pageWhole || p.bare || p.split {
		return p.items
	}
	if p.pages == 1 {
		return p.last
	}
	out := value.NewMap(p.last.Len())
	for k, v := range p.last.All() {
		switch k {
		case p.key:
			out.Set(k, p.items)
		case p.key + "_links": // of the last page, and of no use to anyone
		default:
			out.Set(k, v)
		}
	}
	return out
}

// countPage ends a list that is larger than what can be held, or that has no
// end: a service may answer with ever other pages.
func (inv *invocation) countPage(answer *openstack.APIResponse) error {
	inv.pages++
	inv.listed += int64(len(answer.Body))
	if limit := inv.runner.options.MaxList; inv.listed > limit {
		return inv.badAnswer(fmt.Errorf("the list is larger than %d bytes after %d pages; ask for less of it", limit, inv.pages))
	}
	if inv.pages > maxPages {
		return inv.badAnswer(fmt.Errorf("the list has more than %d pages; ask for less of it", maxPages))
	}
	return nil
}

// list performs a call that pages.
func (inv *invocation) list(ctx context.Context, c *call, req request) (any, error) {
	p := newPager(c, inv.args)
	for {
		answer, err := inv.send(ctx, c.serviceType, req)
		if err != nil {
			return nil, err
		}
		if err := inv.countPage(answer); err != nil {
			return nil, err
		}
		body, err := answer.Value()
		if err != nil {
			return nil, err
		}
		p.link = strings.Join(answer.Header.Values("Link"), ",")
		next, err := p.take(body, req.Query)
		if err != nil {
			return nil, inv.badAnswer(err)
		}
		if next == nil {
			return p.result(), nil
		}
		req.Query = next
	}
}
