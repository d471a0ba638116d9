//! `states-N.npy`: the values of state variables, one file for each entry of `record.states`, as a NumPy array of
//! doubles with the axes time, neuron, variable.

use std::collections::VecDeque;
use std::io::{self, Read, Seek, SeekFrom, Write};

/// Length of the header, whatever is in it: it is written last, when the number of rows is known.
const HEADER: usize = 192;
const MAGIC: &[u8; 8] = b"\x93NUMPY\x01\x00";

/// Writes rows of samples as they are filled. Holds the rows that are not full yet.
#[derive(Debug)]
pub struct StatesWriter<W: Write + Seek> {
    sink: W,
    neurons: usize,
    variables: usize,
    rows: u64,
    /// Rows not written, the earliest first.
    open: VecDeque<Row>,
    /// For each column, how many of its samples came so far.
    taken: Vec<u64>,
}

#[derive(Debug)]
struct Row {
    values: Vec<f64>,
    filled: usize,
}

impl<W: Write + Seek> StatesWriter<W> {
    /// Begins an array of `neurons` times `variables` columns. Until [`StatesWriter::finish`] the file is no array.
    ///
    /// # Errors
    /// What `sink` says.
    pub fn new(mut sink: W, neurons: usize, variables: usize) -> io::Result<StatesWriter<W>> {
        sink.write_all(&[0; HEADER])?;
        let taken = vec![0; neurons * variables];
        Ok(StatesWriter { sink, neurons, variables, rows: 0, open: VecDeque::new(), taken })
    }

    /// Takes the next sample of `column`, which is the neuron's place times the number of variables plus the variable's.
    ///
    /// # Errors
    /// What the sink says.
    pub fn push(&mut self, column: usize, value: f64) -> io::Result<()> {
        let row = (self.taken[column] - self.rows) as usize;
        self.taken[column] += 1;
        if row == self.open.len() {
            self.open.push_back(Row { values: vec![0.0; self.taken.len()], filled: 0 });
        }
        self.open[row].values[column] = value;
        self.open[row].filled += 1;
        while self.open.front().is_some_and(|row| row.filled == self.taken.len()) {
            if let Some(row) = self.open.pop_front() {
                for value in row.values {
                    self.sink.write_all(&value.to_le_bytes())?;
                }
                self.rows += 1;
            }
        }
        Ok(())
    }

    /// Writes the header; what is left of rows that were never filled is dropped. Gives the sink, flushed, and the number
    /// of rows.
    ///
    /// # Errors
    /// What the sink says.
    pub fn finish(mut self) -> io::Result<(W, u64)> {
        self.sink.seek(SeekFrom::Start(0))?;
        self.sink.write_all(&header(self.rows, self.neurons, self.variables))?;
        self.sink.flush()?;
        Ok((self.sink, self.rows))
    }
}

/// The header of a version 1.0 array file (numpy.lib.format).
fn header(rows: u64, neurons: usize, variables: usize) -> Vec<u8> {
    let length = HEADER - MAGIC.len() - 2;
    let shape = format!("({rows}, {neurons}, {variables})");
    let words = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}");
    let mut bytes = MAGIC.to_vec();
    bytes.extend((length as u16).to_le_bytes());
    // Three numbers of at most 20 digits always fit.
    bytes.extend(format!("{words:width$}\n", width = length - 1).into_bytes());
    bytes
}

/// Reads the values of a file that [`StatesWriter`] wrote, one by one.
#[derive(Debug)]
pub struct StatesReader<R: Read> {
    source: R,
}

impl<R: Read> StatesReader<R> {
    /// Begins to read an array of this shape.
    ///
    /// # Errors
    /// `InvalidData` if the file begins with another header.
    pub fn new(mut source: R, rows: u64, neurons: usize, variables: usize) -> io::Result<StatesReader<R>> {
        let mut found = [0; HEADER];
        source.read_exact(&mut found)?;
        if found[..] != header(rows, neurons, variables)[..] {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the array has another shape"));
        }
        Ok(StatesReader { source })
    }
}

impl<R: Read> Iterator for StatesReader<R> {
    type Item = io::Result<f64>;

    fn next(&mut self) -> Option<io::Result<f64>> {
        let mut bytes = [0; 8];
        match self.source.read_exact(&mut bytes) {
            Ok(()) => Some(Ok(f64::from_le_bytes(bytes))),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => None,
            Err(error) => Some(Err(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn rows_are_written_in_order_however_the_samples_come() {
        let mut writer = StatesWriter::new(Cursor::new(Vec::new()), 2, 1).unwrap();
        // The first neuron is two rows ahead, as it is when whole windows are sampled neuron by neuron.
        for (column, value) in [(0, 1.0), (0, 3.0), (0, 5.0), (1, 2.0), (1, 4.0)] {
            writer.push(column, value).unwrap();
        }
        let (sink, rows) = writer.finish().unwrap();
        assert_eq!(rows, 2);
        let bytes = sink.into_inner();
        assert_eq!(bytes.len(), HEADER + 4 * 8);
        let values: Vec<f64> = StatesReader::new(&bytes[..], 2, 2, 1).unwrap().map(Result::unwrap).collect();
        assert_eq!(values, [1.0, 2.0, 3.0, 4.0]);
        assert!(StatesReader::new(&bytes[..], 2, 1, 2).is_err());
    }

    #[test]
    fn the_header_is_what_numpy_expects() {
        let bytes = header(u64::MAX, usize::MAX, usize::MAX);
        assert_eq!(bytes.len(), HEADER);
        assert_eq!(bytes[HEADER - 1], b'\n');
        let words = String::from_utf8(header(7, 2, 3)[10..].to_vec()).unwrap();
        assert_eq!(words.trim_end(), "{'descr': '<f8', 'fortran_order': False, 'shape': (7, 2, 3), }");
    }

    #[test]
    fn an_array_without_header_is_no_array() {
        let mut writer = StatesWriter::new(Cursor::new(Vec::new()), 1, 1).unwrap();
        writer.push(0, 1.0).unwrap();
        let bytes = writer.sink.into_inner();
        assert!(StatesReader::new(&bytes[..], 1, 1, 1).is_err());
    }
}
