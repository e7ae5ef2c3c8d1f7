package v4

import "vireo/internal/model"

// ImageTransfer is an image transfer (api-v4 3.8, 7.1).
type ImageTransfer struct {
	Resource
	Active            *bool      `wire:"active"`
	Direction         *string    `wire:"direction"`
	Format            *string    `wire:"format"`
	InactivityTimeout *int       `wire:"inactivity_timeout"`
	Phase             *string    `wire:"phase"`
	ProxyURL          *string    `wire:"proxy_url"`
	Shallow           *bool      `wire:"shallow"`
	TimeoutPolicy     *string    `wire:"timeout_policy"`
	TransferURL       *string    `wire:"transfer_url"`
	Transferred       *int64     `wire:"transferred"`
	Backup            *Reference `wire:"backup"`
	Disk              *Reference `wire:"disk"`
	Host              *Reference `wire:"host"`
	Image             *Reference `wire:"image"`
	Snapshot          *Reference `wire:"snapshot"`
}

// ImageTransfers is a list of image transfers.
type ImageTransfers struct {
	Collection
	ImageTransfer []ImageTransfer `wire:"image_transfer"`
}

// ShowImageTransfer shows a transfer of which so many bytes were moved. Its ticket is
// below images, the address of the data endpoint. As in the engine 4, image holds the
// id of the disk.
func (p *Page) ShowImageTransfer(transfer *model.ImageTransfer, moved int64, images string) *ImageTransfer {
	out := &ImageTransfer{Resource: p.top(model.KindImageTransfer, transfer.ID)}
	out.Active = new(transfer.Phase == model.TransferTransferring)
	out.Direction = text(transfer.Direction)
	out.Format = text(transfer.Format)
	out.InactivityTimeout = new(transfer.InactivityTimeout)
	out.Phase = text(transfer.Phase)
	out.Shallow = new(false)
	out.TimeoutPolicy = text(transfer.TimeoutPolicy)
	if transfer.Ticket != "" {
		out.ProxyURL, out.TransferURL = new(images+string(transfer.Ticket)), new(images+string(transfer.Ticket))
	}
	out.Transferred = new(moved)
	out.Host = p.Ref(model.KindHost, transfer.Host)
	out.Image = &Reference{ID: new(string(transfer.Disk))}
	return out
}

// Wanted is what a client asks a transfer to be.
type Wanted struct {
	Disk, Host        model.ID
	Direction         model.TransferDirection
	Format            model.DiskFormat
	Policy            model.TimeoutPolicy
	InactivityTimeout *int
}

// Wanted reads what a client asks for. The disk may be named as the image, too.
func (s *ImageTransfer) Wanted(find Finder) (*Wanted, error) {
	out := &Wanted{InactivityTimeout: s.InactivityTimeout}
	switch {
	case s.Snapshot.given():
		return nil, unsupported("The content of a snapshot cannot be transferred.")
	case s.Backup.given():
		return nil, unsupported("Backups are not supported.")
	case s.Shallow != nil && *s.Shallow:
		return nil, unsupported("One layer of a disk cannot be transferred by itself.")
	}
	need := required{subject: "ImageTransfer", method: "add"}
	need.need(s.Disk.given() || s.Image.given(), "disk.id|image.id|snapshot.id")
	if err := need.check(); err != nil {
		return nil, err
	}
	disk := s.Disk
	if !disk.given() {
		disk = s.Image
	}
	if err := setReference(&out.Disk, disk, model.KindDisk, find); err != nil {
		return nil, err
	}
	if err := setReference(&out.Host, s.Host, model.KindHost, find); err != nil {
		return nil, err
	}
	if err := setMember(&out.Direction, "ImageTransferDirection", directions, s.Direction); err != nil {
		return nil, err
	}
	if err := setMember(&out.Format, "DiskFormat", diskFormats, s.Format); err != nil {
		return nil, err
	}
	return out, setMember(&out.Policy, "ImageTransferTimeoutPolicy", policies, s.TimeoutPolicy)
}
