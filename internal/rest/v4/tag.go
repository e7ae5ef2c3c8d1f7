package v4

import "vireo/internal/model"

// Tag is a tag, alone or on an object (api-v4 3.7).
type Tag struct {
	Resource
	Group    *Reference `wire:"group"`
	Host     *Reference `wire:"host"`
	Parent   *Reference `wire:"parent"`
	Template *Reference `wire:"template"`
	User     *Reference `wire:"user"`
	VM       *Reference `wire:"vm"`
}

// Tags is a list of tags.
type Tags struct {
	Collection
	Tag []Tag `wire:"tag"`
}

// ShowTag shows a tag.
func (p *Page) ShowTag(tag *model.Tag) *Tag { return p.showTag(tag, p.Href(model.KindTag, tag.ID)) }

// ShowTagOf shows a tag of an object.
func (p *Page) ShowTagOf(tag *model.Tag, on model.Ref) *Tag {
	out := p.showTag(tag, below(p.Href(on.Kind, on.ID), "tags", string(tag.ID)))
	element := map[model.Kind]**Reference{
		model.KindGroup: &out.Group, model.KindHost: &out.Host, model.KindTemplate: &out.Template,
		model.KindUser: &out.User, model.KindVM: &out.VM,
	}[on.Kind]
	*element = p.Ref(on.Kind, on.ID)
	return out
}

func (p *Page) showTag(tag *model.Tag, href string) *Tag {
	out := &Tag{Resource: p.resource("tag", href, tag.ID), Parent: p.Ref(model.KindTag, tag.Parent)}
	out.Name, out.Description = new(tag.Name), new(tag.Description)
	return out
}

// CheckAdd refuses a tag to be made without a name (api-v4 appendix B).
func (s *Tag) CheckAdd() error {
	need := required{subject: "Tag", method: "add"}
	need.need(s.Name != nil && *s.Name != "", "name")
	return need.check()
}

// Attached looks up the tag that is to be put on an object.
func (s *Tag) Attached(find Finder) (model.ID, error) {
	need := required{subject: "Tag", method: "add"}
	need.need(s.Reference().given(), "id|name")
	if err := need.check(); err != nil {
		return "", err
	}
	return s.Reference().Resolve(model.KindTag, find)
}

// Apply changes a tag by the elements that the request has.
func (s *Tag) Apply(to *model.Tag, find Finder) error {
	set(&to.Name, s.Name)
	set(&to.Description, s.Description)
	return setReference(&to.Parent, s.Parent, model.KindTag, find)
}
