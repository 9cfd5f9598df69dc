import { describe, expect, it } from 'vitest';
import { PROBLEMS, problemOf } from '../../shared/api/problems.ts';
import {
  DependencyUnavailableError,
  ObjectNotFoundError,
  REJECTION_CODES,
  RequestRefusedError,
} from '../../shared/errors.ts';

describe('a problem document', () => {
  it('carries the stable code, the field and what is accepted', () => {
    const error = new RequestRefusedError('file_too_large', '11 bytes are too many', {
      field: 'contentLength',
      accepted: '1 to 10 bytes',
    });
    expect(problemOf(error, 'r1').document).toEqual({
      type: 'urn:unified-file-storage:problem:file_too_large',
      title: 'File too large',
      status: 413,
      detail: '11 bytes are too many',
      code: 'file_too_large',
      requestId: 'r1',
      field: 'contentLength',
      accepted: '1 to 10 bytes',
    });
  });

  it('says nothing of what went wrong inside', () => {
    const unavailable = problemOf(new DependencyUnavailableError('table users-prod timed out'), 'r1').document;
    const defect = problemOf(new TypeError('x is undefined'), 'r1').document;
    expect(JSON.stringify([unavailable, defect])).not.toMatch(/users-prod|undefined/);
    expect([unavailable.status, defect.status]).toEqual([503, 500]);
  });

  it('tells when to come back', () => {
    const paused = new RequestRefusedError('uploads_paused', 'maintenance', { retryAfterSeconds: 60 });
    expect(problemOf(paused, 'r1')).toMatchObject({
      document: { detail: 'maintenance' },
      headers: { 'retry-after': '60' },
    });
    expect(problemOf(new DependencyUnavailableError('x'), 'r1').headers['retry-after']).toBe('5');
  });

  it('tells what is allowed, and how to sign in', () => {
    const refused = new RequestRefusedError('method_not_allowed', 'PUT is not known here', { allow: ['GET', 'POST'] });
    expect(problemOf(refused, 'r1').headers.allow).toBe('GET, POST');
    expect(problemOf(new RequestRefusedError('unauthorized', 'no token'), 'r1').headers['www-authenticate']).toBe(
      'Bearer',
    );
  });

  it('does not tell an absent object from an unknown address', () => {
    const { title, status } = problemOf(new ObjectNotFoundError('avatars/users/ada/small.webp'), 'r1').document;
    expect({ title, status }).toEqual({ title: 'Not found', status: 404 });
  });

  it('has a remedy for every way an upload can be rejected, and never a bare 400', () => {
    for (const code of REJECTION_CODES) {
      expect(PROBLEMS[code].remedy).toMatch(/\.$/);
      expect(PROBLEMS[code].status).toBeGreaterThan(400);
    }
  });
});
