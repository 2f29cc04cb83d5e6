"""Find where what is deployed to AWS no longer is, or does, what its template says. Changes nothing."""
