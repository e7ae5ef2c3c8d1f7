package exports

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"

	"vireo/internal/image"
	"vireo/internal/job"
	"vireo/internal/model"
	"vireo/internal/ova"
)

// again opens the file of a job, if it is the one that was looked at.
func (r *room) again(w *job.Work) (*UnpackParams, *ova.Archive, *os.File, error) {
	params := &UnpackParams{}
	if err := w.Params(params); err != nil {
		return nil, nil, nil, err
	}
	file, size, err := r.openArchive(params.Spot)
	if err != nil {
		return nil, nil, nil, r.unpackFault(w.Job.Verb, params.Spot, err)
	}
	archive, err := ova.Read(file, size)
	if err == nil {
		digest := sha256.Sum256(archive.OVF)
		same := hex.EncodeToString(digest[:]) == params.Digest
		for _, lies := range params.Lies {
			member, ok := archive.Member(lies.Name)
			same = same && ok && member == lies.Member
		}
		if !same {
			err = fmt.Errorf("%w: it was changed meanwhile", ova.ErrInvalid)
		}
	}
	if err != nil {
		return nil, nil, nil, errors.Join(r.unpackFault(w.Job.Verb, params.Spot, err), file.Close())
	}
	return params, archive, file, nil
}

// verify compares the checksums of the images, where the file has any.
func (r *room) verify(ctx context.Context, w *job.Work) error {
	params, archive, file, err := r.again(w)
	if err != nil {
		return err
	}
	defer file.Close()
	if len(archive.Manifest) == 0 {
		return nil
	}
	var total, before int64
	for _, lies := range params.Lies {
		total += lies.Size
	}
	for _, lies := range params.Lies {
		err := archive.Manifest.Verify(ctx, file, lies.Member, func(done int64) { w.Progress(before+done, max(total, 1)) })
		if err != nil && ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return r.unpackFault(w.Job.Verb, params.Spot, err)
		}
		before += lies.Size
	}
	return nil
}

// takeOut makes the disks of the images.
func (r *room) takeOut(ctx context.Context, w *job.Work) error {
	params, _, file, err := r.again(w)
	if err != nil {
		return err
	}
	defer file.Close()
	var sources []*model.Disk
	for i := range params.Copies {
		sources = append(sources, &params.Copies[i].From)
	}
	told := newTold(w, sources)
	return r.each(w, func(s *received, copied *taken, disk *model.Disk, to *model.StorageDomain) error {
		err := r.Images.ReadStretch(ctx, params.Lies[copied.From.ID].of(file), to, image.VolumeSpec{
			Disk: disk.ID, Volume: disk.Volume, Format: disk.Format, Sparse: disk.Sparse,
			Alias: disk.Alias, Description: disk.Description, Owner: s.params.Owner, Shared: copied.Shared,
		}, told.next(&copied.From))
		if _, refused := errors.AsType[*image.RefusedError](err); refused {
			return r.unpackFault(w.Job.Verb, params.Spot, err)
		}
		return failed(ctx, w.Job.Verb, to, err)
	})
}
