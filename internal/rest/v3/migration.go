package v3

import "vireo/internal/model"

// Migration is migration of a VM or a cluster. The schema of 3.6 has the first two; the
// rest is as in version 4, and shown where it was given.
type Migration struct {
	AutoConverge *string             `wire:"auto_converge"`
	Compressed   *string             `wire:"compressed"`
	Encrypted    *string             `wire:"encrypted"`
	Policy       *Reference          `wire:"policy"`
	Bandwidth    *MigrationBandwidth `wire:"bandwidth"`
}

// MigrationBandwidth is bandwidth of migration; the custom value is in Mbit/s.
type MigrationBandwidth struct {
	AssignmentMethod *string `wire:"assignment_method"`
	CustomValue      *int    `wire:"custom_value"`
}

// showMigration shows options; nil where nothing was said.
func showMigration(options model.MigrationOptions) *Migration {
	if options == (model.MigrationOptions{}) {
		return nil
	}
	out := &Migration{
		AutoConverge: text(options.AutoConverge), Compressed: text(options.Compressed), Encrypted: text(options.Encrypted),
	}
	if options.Policy != "" {
		out.Policy = &Reference{ID: text(options.Policy)}
	}
	if bandwidth := options.Bandwidth; bandwidth.Method != "" {
		out.Bandwidth = &MigrationBandwidth{AssignmentMethod: text(bandwidth.Method)}
		if bandwidth.Method == model.BandwidthCustom {
			out.Bandwidth.CustomValue = new(bandwidth.Custom)
		}
	}
	return out
}

func (s *Migration) apply(to *model.MigrationOptions) error {
	if s == nil {
		return nil
	}
	for _, wish := range []struct {
		to   *string
		text *string
	}{{&to.AutoConverge, s.AutoConverge}, {&to.Compressed, s.Compressed}, {&to.Encrypted, s.Encrypted}} {
		if err := setMember(wish.to, "InheritableBoolean", inheritableBooleans, wish.text); err != nil {
			return err
		}
	}
	if s.Policy != nil {
		to.Policy = ""
		if id := s.Policy.ID; id != nil && *id != "" {
			if err := setMember(&to.Policy, "MigrationPolicy", model.MigrationPolicies, id); err != nil {
				return err
			}
		}
	}
	return s.Bandwidth.apply(&to.Bandwidth)
}

// apply: a number alone is a custom one.
func (s *MigrationBandwidth) apply(to *model.MigrationBandwidth) error {
	if s == nil {
		return nil
	}
	wanted := *to
	if s.CustomValue != nil {
		wanted = model.MigrationBandwidth{Method: model.BandwidthCustom, Custom: *s.CustomValue}
	}
	if err := setMember(&wanted.Method, "MigrationBandwidthAssignmentMethod", model.MigrationBandwidthMethods, s.AssignmentMethod); err != nil {
		return err
	}
	if wanted.Method != model.BandwidthCustom {
		wanted.Custom = 0
	}
	*to = wanted
	return nil
}
